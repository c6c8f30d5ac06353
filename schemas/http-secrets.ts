import { z } from 'zod'
import { epochMs, handle, hexId, storeId } from './primitives.ts'
import { outcomeKind } from './receipt.ts'
import { rotationCause, rotationResult } from './secrets.ts'

/** What the API says of registered secrets. Times are epoch ms; no field carries a value. */
const problem = z.object({ since: epochMs, step: z.string(), code: z.string(), detail: z.string() })

export const rotationEntry = z.object({
  rotation: z.uuid(),
  cause: rotationCause,
  compromised: z.boolean(),
  reason: z.string().optional(),
  requestedAt: epochMs,
  /** `waiting`: another one runs, or nobody has begun it. */
  state: z.enum(['waiting', 'running', 'ended']),
  /** The last step that was taken. */
  step: z.string().optional(),
  result: rotationResult.optional(),
  endedAt: epochMs.optional(),
  endReason: z.string().optional(),
  /** The version that it promoted, and those that it closed at the keeper. */
  keeperVersion: z.string().optional(),
  retired: z.array(z.string()).optional(),
})
export type RotationEntry = z.infer<typeof rotationEntry>

export const versionEntry = z.object({
  credential: hexId,
  handle,
  keeperVersion: z.string().optional(),
  since: epochMs,
  /** `current`: what consumers read. `candidate`: issued, not promoted. `overlap`: replaced, and due later. */
  state: z.enum(['current', 'candidate', 'overlap', 'due', 'settled']),
  dueAt: epochMs.optional(),
  outcome: outcomeKind.optional(),
  deadSince: epochMs.optional(),
  receipt: hexId.optional(),
})
export type VersionEntry = z.infer<typeof versionEntry>

export const secretEntry = z.object({
  secret: storeId,
  keeper: z.object({ store: storeId, name: z.string() }),
  issuer: storeId,
  /** `unknown`: nothing is known of its value yet. */
  state: z.enum(['unknown', 'standing', 'rotating', 'compromised', 'blocked']),
  current: versionEntry.optional(),
  /** Replaced, and not proven dead yet. */
  living: z.int().min(0),
  rotation: rotationEntry.optional(),
  last: rotationEntry.optional(),
  /** The next rotation that is due by itself. */
  nextAt: epochMs.optional(),
  problem: problem.optional(),
})
export type SecretEntry = z.infer<typeof secretEntry>
export const secretList = z.object({ secrets: z.array(secretEntry) })
export type SecretList = z.infer<typeof secretList>
/** Versions and rotations: the newest first, 100 of each. */
export const secretDetail = z.object({
  secret: secretEntry,
  versions: z.array(versionEntry),
  rotations: z.array(rotationEntry),
})
export type SecretDetail = z.infer<typeof secretDetail>

export const rotationRequest = z.strictObject({
  secret: storeId,
  compromised: z.boolean().default(false),
  reason: z.string().trim().min(1).max(200),
  /** Says what it would do, and does nothing. */
  dryRun: z.boolean().default(false),
})
export type RotationRequest = z.input<typeof rotationRequest>
export const rotationAnswer = z.object({
  /** Absent: a dry run. */
  rotation: z.uuid().optional(),
  /** What will be done, in order, in words. */
  plan: z.array(z.string()),
  secret: secretEntry,
})
export type RotationAnswer = z.infer<typeof rotationAnswer>
