import { z } from 'zod'
import { storeId } from './primitives.ts'
import { budgetOf } from './store-limits.ts'

/**
 * Role sessions of one AWS account: an issuer that can revoke nothing. What is due is contained by an inline policy on its role, and said
 * to be exposed until it expires.
 */
export const awsStsStoreConfig = z
  .strictObject({
    id: storeId,
    kind: z.literal('aws-sts'),
    accountId: z.string().regex(/^\d{12}$/),
    /** For signatures, and for the partition. IAM is one service for all regions. */
    region: z
      .string()
      .regex(/^[a-z]{2}(?:-[a-z]+)+-\d$/)
      .default('us-east-1'),
    /** Absent: the partition's public endpoint. What the environment or a profile says is not followed. */
    endpoint: z.url().optional(),
    caFile: z.string().optional(),
    accessKeyIdFile: z.string().optional(),
    secretAccessKeyFile: z.string().optional(),
    timeoutMs: z.int().min(100).default(5_000),
    /** Names of the roles that agents assume. No other role is ever written to. */
    roles: z.array(z.string().regex(/^[\w+=,.@-]{1,64}$/, 'the name of a role, without its path')).min(1),
    /** How far the time in a handle may be from the one at which STS issued the session. Sessions of one name this close are contained together. */
    issuedWithinMs: z.int().min(0).max(60_000).default(2_000),
    /** Contained at one time for each role: some 330 characters of the 10,240 that all its inline policies share. */
    mostContained: z.int().min(1).max(30).default(20),
    /** IAM names no quota for its calls and throttles early. */
    budget: budgetOf({ callsPerSecond: 10, burst: 10, inFlight: 4 }),
  })
  .refine(
    one => (one.accessKeyIdFile === undefined) === (one.secretAccessKeyFile === undefined),
    'accessKeyIdFile and secretAccessKeyFile: both or none',
  )
export type AwsStsStoreConfig = z.infer<typeof awsStsStoreConfig>
