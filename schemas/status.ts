import { z } from 'zod'
import { credentialKind } from './grant.ts'
import { blocked } from './http.ts'
import { epochMs, storeId } from './primitives.ts'

/** `cannot_tell`: nothing is known to be wrong, and not enough is known to say that all is well. */
export const verdict = z.enum(['well', 'not_well', 'cannot_tell'])
export type Verdict = z.infer<typeof verdict>

export const storeStatus = z.object({
  store: storeId,
  /** The common bound and this store's propagation window. Absent: as the common one. */
  boundMs: z.int().optional(),
  /** Due and not proven dead, from the first millisecond on. */
  alivePastDue: z.int(),
  /** Of those, the ones whose bound has passed. */
  overBound: z.int(),
  oldestPastDueMs: z.int().optional(),
  /** When its budget lets the last of them be proven dead, at best. Absent: at once. */
  expectedFinishAt: epochMs.optional(),
  /** The longest blocked one. */
  blocked: blocked.optional(),
  blockedByCode: z.record(z.string(), z.int()),
  held: z.int(),
  /** Grants whose credentials have no outcome yet. */
  outstanding: z.int(),
})
export type StoreStatus = z.infer<typeof storeStatus>

export const lastHour = z.object({
  died: z.int(),
  impossible: z.int(),
  unproven: z.int(),
  goneBeforeSeen: z.int(),
  lagMs: z.object({ p50: z.int(), p99: z.int(), max: z.int() }).optional(),
  /** False: the outcomes of this hour are still being read. */
  complete: z.boolean(),
})
export type LastHour = z.infer<typeof lastHour>

/** Health is the age of the last verified death of a canary, and nothing else. */
export const canaryStatus = z.object({
  configured: z.boolean(),
  store: storeId.optional(),
  /** Of its credential: a store may have one of several kinds. */
  kind: credentialKind.optional(),
  everyMs: z.int().optional(),
  lastVerifiedAt: epochMs.optional(),
  ageMs: z.int().optional(),
})
export type CanaryStatus = z.infer<typeof canaryStatus>

export const stateStatus = z.object({
  now: epochMs,
  /** Of this process's clock against Redis's. */
  skewMs: z.int(),
  boundMs: z.int(),
  /** False: a rebuild is under way, and what is counted is not everything. */
  ready: z.boolean(),
  /** False: more is past due than is counted here. */
  complete: z.boolean(),
  stores: z.array(storeStatus),
  alivePastDue: z.int(),
  overBound: z.int(),
  oldestPastDueMs: z.int().optional(),
  held: z.int(),
  outstanding: z.int(),
  /** The next moments at which something is due by itself. */
  next: z.array(z.object({ at: epochMs, store: storeId, credential: z.string() })),
  nextWithin: z.object({ minutes5: z.int(), hour1: z.int(), hours24: z.int() }),
  /** How old is what is known to be read of each input. Absent: nothing is known yet. */
  caughtUpAgeMs: z.object({ grants: z.int().optional(), lifecycle: z.int().optional() }),
  deadLetters: z.int(),
  gap: z.array(z.record(z.string(), z.unknown())).optional(),
})
export type StateStatus = z.infer<typeof stateStatus>

export const status = z.object({
  verdict,
  /** Why it is not well, worst first; or why it cannot be told. */
  reasons: z.array(z.string()),
  ...stateStatus.shape,
  /** The worst of them. */
  canary: canaryStatus,
  canaries: z.array(canaryStatus),
  lastHour,
})
export type Status = z.infer<typeof status>
