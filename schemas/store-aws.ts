import { z } from 'zod'
import { cloudTrailLearn } from './cloudtrail-learn.ts'
import { storeId } from './primitives.ts'
import { budget, budgetOf, propagationMs } from './store-limits.ts'

/** AWS Secrets Manager in one region: a keeper. Its secrets are retired; what they hold is proven dead at its own issuer. */
export const awsStoreConfig = z
  .strictObject({
    id: storeId,
    kind: z.literal('aws-secrets-manager'),
    region: z.string().regex(/^[a-z]{2}(?:-[a-z]+)+-\d$/, 'an AWS region, for example eu-central-1'),
    /** Secrets of another account are refused at registration. */
    accountId: z
      .string()
      .regex(/^\d{12}$/)
      .optional(),
    /** Absent: the region's public endpoint. What the environment or a profile says is not followed. */
    endpoint: z.url().optional(),
    caFile: z.string().optional(),
    /** Absent: the SDK's own chain (role of the pod or the instance, environment, profile). */
    accessKeyIdFile: z.string().optional(),
    secretAccessKeyFile: z.string().optional(),
    timeoutMs: z.int().min(100).default(5_000),
    /** AWS deletes asynchronously and names no bound: while this lasts, a secret that is still there is waited for. */
    propagationMs: propagationMs.default(5_000),
    /** What a secret carries that was made for a session. Only such a secret is ever deleted. */
    mark: z
      .strictObject({
        /** Key of a tag whose value is not empty. The IAM policy names it too. */
        tag: z.string().min(1).max(128).default('curfew-session'),
        namePrefix: z.string().min(1).max(512).optional(),
      })
      .prefault({}),
    /** Deletions. AWS's quota is 50 a second, for an account and a region. */
    budget: budgetOf({ callsPerSecond: 50, burst: 25, inFlight: 16 }),
    /** DescribeSecret. AWS's quota is 10,000 a second, which the agents need for what they read. */
    describeBudget: budget,
    /** It keeps secrets of the registry, whose values it then reads and writes: with a login of its own, infra/aws/policy-curfew-rotator.json. */
    rotate: z.boolean().default(false),
    /** PutSecretValue and UpdateSecretVersionStage together, and RotateSecret by itself. AWS's quota for each is 50 a second. */
    writeBudget: budgetOf({ callsPerSecond: 50, burst: 25, inFlight: 16 }),
    /** A RotateSecret whose secret has not changed for so long broke off: its labels are repaired. Lambdas may run for 15 minutes. */
    rotateWithinMs: z
      .int()
      .min(1_000)
      .default(15 * 60_000),
    learn: cloudTrailLearn.optional(),
  })
  .refine(
    one => (one.accessKeyIdFile === undefined) === (one.secretAccessKeyFile === undefined),
    'accessKeyIdFile and secretAccessKeyFile: both or none',
  )
export type AwsStoreConfig = z.infer<typeof awsStoreConfig>
