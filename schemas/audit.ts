import { z } from 'zod'
import { durationMs, epochMs, hexId } from './primitives.ts'

/** The signed, hash-chained export of receipts: docs/audit.md says what each byte means. */
export const auditConfig = z.strictObject({
  /** On a local disk. One folder per facts partition; files in it only grow. */
  dir: z.string(),
  /** Of the signing key; absent: the config's `keysDir`. A user of its own for the exporter keeps it from everybody else. */
  keysDir: z.string().optional(),
  /** Signed at least this often, also where nothing happened: silence is visible. */
  everyMs: durationMs.default(60_000),
  /** And after so many receipts. */
  everyRecords: z.int().min(1).default(10_000),
  /** A file that is larger is closed, and one of the day before. */
  fileBytes: z
    .int()
    .min(1_024)
    .default(16 * 1024 * 1024),
})
export type AuditConfig = z.infer<typeof auditConfig>

const digest = z.string().regex(/^[0-9a-f]{64}$/)
const count = z.int().min(0)
/** Which partition of which facts. `meta`: the id of its first record; a topic that took its place has another one. */
const origin = {
  cluster: z.string(),
  meta: hexId,
  partition: z.int().min(0).max(255),
  partitions: z.int().min(1).max(256),
  topic: z.string(),
}
export const auditOrigin = z.strictObject(origin)
export type AuditOrigin = z.infer<typeof auditOrigin>

/** `replaces`: the meta id of the facts that these took the place of. */
export const auditBegin = z.strictObject({ v: z.literal(1), ...origin, replaces: hexId.optional() })
export type AuditBegin = z.infer<typeof auditBegin>

/** An outcome fact as it stands in the topic: its key, its offset, its content. */
export type AuditRecord = { fact: { cid: string }; key: string; offset: number }

export const auditCheckpoint = z.strictObject({
  v: z.literal(1),
  ...origin,
  number: count,
  /** Hash of the checkpoint before; zeros: the first. */
  previous: digest,
  /** The last entry that it covers, and that entry's hash. */
  seq: count,
  head: digest,
  /** The facts before this offset were read. */
  offset: count,
  at: epochMs,
  everyMs: durationMs,
  key: z.string(),
})
export type AuditCheckpoint = z.infer<typeof auditCheckpoint>
export const signedCheckpoint = z.strictObject({ checkpoint: auditCheckpoint, signature: z.string() })
export type SignedCheckpoint = z.infer<typeof signedCheckpoint>

/** What an auditor keeps: the newest checkpoint of each partition. */
export const keptCheckpoints = z.strictObject({ checkpoints: z.array(signedCheckpoint) })
export type KeptCheckpoints = z.infer<typeof keptCheckpoints>

/** Public Ed25519 keys (RFC 8037). `kid` is the key's thumbprint (RFC 7638): no other key can have it. */
export const auditKeys = z.object({
  keys: z.array(z.object({ kty: z.literal('OKP'), crv: z.literal('Ed25519'), x: z.string(), kid: z.string() })),
})
export type AuditKeys = z.infer<typeof auditKeys>

/** The first thing that does not fit, in one partition. `says` quotes nothing of a receipt. */
export type AuditProblem = { partition?: number; file?: string; line?: number; seq?: number; says: string }
export type AuditReport = {
  verified: boolean
  problems: AuditProblem[]
  partitions: number
  receipts: number
  checkpoints: number
  /** Of the checkpoints: the first one, and the oldest of the newest ones. */
  from?: number
  to?: number
  /** Receipts after the last checkpoint of their partition: chained, and not signed yet. */
  unsigned: number
  /** Partitions whose last line is not whole: being written, or cut. */
  unfinished: number[]
  /** No checkpoint for more than two intervals: the exporter was down, or cut off. */
  silences: { partition: number; from: number; to: number }[]
  /** The facts topic was replaced by another one. */
  replaced: { partition: number; seq: number }[]
  keys: string[]
  /** Whether the end was cut off, or another history put in its place. Empty: checked everywhere. */
  endNotChecked: number[]
  ms: number
}
