import { z } from 'zod'
import { credentialKind } from './grant.ts'
import { epochMs, handle, hexId, senderId, storeId } from './primitives.ts'
import { outcomeKind, receipt } from './receipt.ts'
import { rotationCause, rotationResult } from './secrets.ts'

/** One grant of a closed session and how it ended. */
export const closedGrant = z.object({
  grant: hexId,
  store: storeId,
  kind: credentialKind,
  handle,
  outcome: outcomeKind,
  receipt: hexId,
  deadSince: epochMs.optional(),
})

/** `data` of each CloudEvents 1.0 type that Curfew tells, in structured mode, at least once. */
export const outcomeEventData = {
  /** CloudEvents id = the receipt's. The receipt says which outcome: read it, not only the type. */
  'curfew.credential.revoked': receipt,
  /** Ended, and every grant has an outcome. Id `<session key>~<number of grants>`: a later grant closes it again. */
  'curfew.session.closed': z.object({
    tenant: z.string(),
    session: senderId,
    agent: z.string().optional(),
    endedAt: epochMs,
    number: z.int().min(0),
    grants: z.array(closedGrant),
    /** More grants than one message carries: the API lists all. */
    grantsOmitted: z.int().min(0),
  }),
  /** A rotation has ended. Id = the rotation's. */
  'curfew.secret.rotated': z.object({
    secret: storeId,
    rotation: z.uuid(),
    cause: rotationCause,
    compromised: z.boolean(),
    requestedAt: epochMs,
    endedAt: epochMs,
    result: rotationResult,
    reason: z.string().optional(),
    /** The keeper's name of the version that consumers read now. */
    keeperVersion: z.string().optional(),
    /** Versions that nobody can read by name any more. */
    retired: z.array(z.string()).optional(),
    /** Credentials that it replaced: the receipt of each is told for itself. */
    replaced: z.array(hexId),
  }),
} as const
export type OutcomeEventType = keyof typeof outcomeEventData
export type OutcomeEventData<T extends OutcomeEventType> = z.infer<(typeof outcomeEventData)[T]>
