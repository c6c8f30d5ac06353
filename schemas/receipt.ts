import { z } from 'zod'
import { force } from './force.ts'
import { cause, credentialKind } from './grant.ts'
import { epochMs, handle, hexId, senderId, storeId } from './primitives.ts'

export const outcomeKind = z.enum(['verified', 'impossible', 'unproven', 'gone_before_seen'])
export type OutcomeKind = z.infer<typeof outcomeKind>

/** `used`: the credential itself was refused; `target`: gone at the system that enforces it; `issuer`: only the issuer says so. */
export const evidence = z.enum(['used', 'target', 'issuer'])
export type Evidence = z.infer<typeof evidence>

/** One grant that ended with this death. `cause` is `shared:<session>` where another session's end killed it. */
export const settledGrant = z.object({
  tenant: z.string(),
  session: senderId,
  tasks: z.array(senderId),
  cause: z.string(),
})

/** The record of one death: id = hash(credential, epoch). Times are epoch ms. */
export const receipt = z.object({
  receipt: hexId,
  credential: hexId,
  epoch: z.int().min(0),
  outcome: outcomeKind,
  store: storeId,
  kind: credentialKind,
  handle,
  cause,
  dueAt: epochMs,
  seenAliveAt: epochMs.optional(),
  steppedAt: epochMs.optional(),
  /** First refusal after the last acceptance. Lag = deadSince - dueAt. */
  deadSince: epochMs.optional(),
  settledAt: epochMs,
  evidence: evidence.optional(),
  /** `impossible`: the credential may be honoured until then. */
  exposedUntil: epochMs.optional(),
  /** `impossible`, and kept from doing anything: by what, and when that was read back at the store. No proof of a death. */
  contained: z.object({ at: epochMs, how: z.string().max(400) }).optional(),
  /** Probed once more then: seen alive, it has relapsed, or was announced before it existed. */
  recheckAt: epochMs.optional(),
  reason: z.string().max(200).optional(),
  /** Somebody forced it: who, why, and by which plan. */
  forced: force.optional(),
  /** What outlives the refusal of every new request, and what bounds it: calls in flight, open streams. */
  exposure: z.array(z.string().max(200)).optional(),
  attempts: z.int().min(0),
  /** The first 500 holders. */
  grants: z.array(settledGrant),
  grantsOmitted: z.int().optional(),
  /** The registered secrets that it was a version of, with the keeper's name of that version. */
  versions: z.array(z.object({ tenant: z.string(), secret: storeId, keeperVersion: z.string().optional() })).optional(),
})
export type Receipt = z.infer<typeof receipt>
