import { z } from 'zod'
import { storeId } from './primitives.ts'
import { budget, propagationMs } from './store-limits.ts'

/** AWS Secrets Manager, a keeper: it does not honour what it holds. */
export const awsStoreConfig = z.strictObject({
  id: storeId,
  kind: z.literal('aws-secrets-manager'),
  timeoutMs: z.int().min(100).default(5_000),
  propagationMs,
  budget,
})
export type AwsStoreConfig = z.infer<typeof awsStoreConfig>
