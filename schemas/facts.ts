import { z } from 'zod'
import { ofPlan } from './force.ts'
import { credentialKind } from './grant.ts'
import { durationMs, epochMs, fingerprint, handle, hexId, labels, senderId, storeId } from './primitives.ts'
import { receipt } from './receipt.ts'
import { rotationCause, rotationResult, rotationStep } from './secrets.ts'

/** A rotation's id: the idempotency token at every store that has one (AWS: ClientRequestToken). */
const rotationId = z.uuid()
const rotating = { secret: storeId, rotation: rotationId }

/**
 * What we durably know. Facts are a set that only grows: a duplicate, a reordering or a zombie writer changes nothing.
 * `at` is `receivedAt` (the broker's LogAppendTime, or HTTP's one stamp); `event` is the hash of the event's source and id.
 * Defaults of the config are stamped in at intake, so that the fold needs no config.
 */
const base = { v: z.literal(1), at: epochMs, event: z.string().max(64), by: z.string().max(128) }
const session = { sid: hexId, tenant: z.string(), session: senderId }
/** Read from a mapped webhook: the kills fall under the cap, unless somebody says the same end explicitly. */
const inferred = z.literal(true).optional()

export const fact = z.discriminatedUnion('kind', [
  /** The first record of each partition. Another id than the stored one: wipe and rebuild. */
  z.object({
    ...base,
    kind: z.literal('meta'),
    id: hexId,
    partition: z.int(),
    partitions: z.int(),
    cluster: z.string(),
  }),
  /** An input consumer group has begun: from now on a missing committed offset is a gap. */
  z.object({ ...base, kind: z.literal('group'), group: z.string() }),
  z.object({
    ...base,
    ...session,
    kind: z.literal('session.started'),
    agent: z.string().optional(),
    labels: labels.optional(),
    maxLifeMs: durationMs,
    idleMs: durationMs.optional(),
  }),
  /** Any sign of life; `at` rounded up to the minute, so that a minute is one fact. */
  z.object({ ...base, kind: z.literal('session.active'), sid: hexId }),
  z.object({
    ...base,
    kind: z.literal('session.ended'),
    sid: hexId,
    cause: z.enum(['session_ended', 'forced']),
    reason: z.string().max(256).optional(),
    ...ofPlan,
    inferred,
  }),
  z.object({
    ...base,
    kind: z.literal('task.ended'),
    sid: hexId,
    task: senderId,
    cause: z.enum(['task_finished', 'forced']),
    reason: z.string().max(256).optional(),
    ...ofPlan,
    inferred,
  }),
  z.object({
    ...base,
    ...session,
    kind: z.literal('granted'),
    gid: hexId,
    cid: hexId,
    task: senderId.optional(),
    store: storeId,
    credentialKind,
    handle,
    target: z.string().optional(),
    labels: labels.optional(),
    /** Its value is a `sealed` fact: until that is folded, nothing is concluded from its absence. */
    valueSealed: z.boolean().optional(),
    /** The credential that this keeper's secret holds. */
    inside: hexId.optional(),
    /** The refresh token whose successor this one is. */
    replaces: hexId.optional(),
    fingerprints: z.array(fingerprint),
    expiresAt: epochMs.optional(),
    renewable: z.boolean(),
    /** Without its session's start, the grant is due from here on. */
    graceUntil: epochMs,
    maxLifeMs: durationMs,
    /** Set when the grant carries its session's start itself. */
    start: z.object({ maxLifeMs: durationMs, idleMs: durationMs.optional() }).optional(),
  }),
  z.object({ ...base, kind: z.literal('renewed'), cid: hexId, expiresAt: epochMs }),
  z.object({ ...base, kind: z.literal('leaked'), fingerprint, withValue: z.boolean(), source: z.string().optional() }),
  z.object({ ...base, kind: z.literal('forced'), cid: hexId, reason: z.string().max(256), ...ofPlan }),
  /** The credential was seen accepted: from now on a refusal can prove a death. */
  z.object({ ...base, kind: z.literal('seen'), cid: hexId, witness: z.string().max(128).optional() }),
  /**
   * A value that its store must be shown, under the sealing key `kid`. Of one value and key there is one record (`id`), so
   * that a tombstone can name it; the last record of a key wins, as in compaction.
   */
  z.object({
    ...base,
    kind: z.literal('sealed'),
    cid: hexId,
    id: z.string().regex(/^[\w-]{1,64}$/),
    blob: z.string().max(96_000),
  }),
  z.object({ ...base, kind: z.literal('outcome'), cid: hexId, receipt }),
  /** A registered secret shall have a new version. `compromised`: without overlap, and no previous version stays. */
  z.object({
    ...base,
    ...rotating,
    kind: z.literal('rotation.requested'),
    cause: rotationCause,
    compromised: z.boolean(),
    /** Satisfied once this version is superseded. */
    version: hexId.optional(),
    reason: z.string().max(256).optional(),
  }),
  /** Of all records of one secret and attempt the one with the lowest offset wins; the highest attempt's winner holds the fence. */
  z.object({
    ...base,
    ...rotating,
    kind: z.literal('rotation.locked'),
    attempt: z.int().min(1).max(9_999),
    holder: hexId,
  }),
  z.object({
    ...base,
    ...rotating,
    kind: z.literal('rotation.step'),
    attempt: z.int().min(1).max(9_999),
    step: rotationStep,
    /** Of `rejected`: why it is rolled back. */
    reason: z.string().max(256).optional(),
    /** The new version. */
    cid: hexId.optional(),
    /** Of `reserved`: the credential that is not alive yet, at its issuer. */
    handle: handle.optional(),
    /** The keeper's own name of what was staged or promoted. */
    keeperVersion: z.string().max(128).optional(),
  }),
  z.object({
    ...base,
    ...rotating,
    kind: z.literal('rotation.ended'),
    result: rotationResult,
    reason: z.string().max(256).optional(),
    /** Versions of the keeper that nobody can read by name any more. */
    retired: z.array(z.string().max(128)).max(100).optional(),
  }),
  /** A credential is a version of a registered secret: shared by nature, it is replaced before it is revoked. */
  z.object({
    ...base,
    kind: z.literal('version.held'),
    cid: hexId,
    secret: storeId,
    tenant: z.string(),
    /** Absent: it was there before the first rotation. */
    rotation: rotationId.optional(),
    store: storeId,
    credentialKind,
    handle,
    target: z.string().optional(),
    valueSealed: z.boolean().optional(),
    keeperVersion: z.string().max(128).optional(),
    fingerprints: z.array(fingerprint),
    expiresAt: epochMs.optional(),
  }),
  /** A newer version took its place, or it never took one: due at `at`. */
  z.object({
    ...base,
    kind: z.literal('version.superseded'),
    cid: hexId,
    secret: storeId,
    rotation: rotationId,
    cause: z.enum(['rotated', 'rolled_back']),
  }),
  /** A dead credential was seen alive: a new epoch and a page. */
  z.object({ ...base, kind: z.literal('relapsed'), cid: hexId, epoch: z.int().min(1) }),
])
export type Fact = z.infer<typeof fact>
export type FactOf<K extends Fact['kind']> = Extract<Fact, { kind: K }>
