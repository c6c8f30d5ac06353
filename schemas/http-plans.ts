import { z } from 'zod'
import { force, planId, principalId } from './force.ts'
import { credentialKind } from './grant.ts'
import { epochMs, fingerprint, handle, hexId, labels, senderId, storeId } from './primitives.ts'

/** Everything that is named must fit: `{principal, store}` is what this agent holds in that store. */
export const planSelector = z
  .strictObject({
    grants: z.array(hexId).min(1).max(1_000).optional(),
    session: senderId.optional(),
    /** Of the session. */
    task: senderId.optional(),
    /** `agent:<name>`: the agent that sessions say they run. */
    principal: z
      .string()
      .max(262)
      .regex(/^agent:./s, 'agent:<name>')
      .optional(),
    store: storeId.optional(),
    fingerprint: fingerprint.optional(),
    /** Of the grant or of its session; all of them. */
    labels: labels.optional(),
    /** Inferred kills that wait over the cap: what this plan forces does not wait any more. */
    held: z.literal(true).optional(),
  })
  .refine(one => Object.values(one).some(value => value !== undefined), 'say what to revoke')
  .refine(one => one.task === undefined || one.session !== undefined, 'a task has its name inside a session')
  .refine(one => one.labels === undefined || Object.keys(one.labels).length > 0, 'no label is named')
export type PlanSelector = z.infer<typeof planSelector>

const reason = z.string().trim().min(1).max(200)
export const planRequest = z.strictObject({ selector: planSelector, reason })
/** SHA-256 of exactly what would die: a plan that was looked at is the plan that is approved and applied. */
export const planHash = z.string().regex(/^[0-9a-f]{64}$/)
export const approvalRequest = z.strictObject({ hash: planHash })
/** `breakGlass`: over the cap without a second person. Loud, and marked in every receipt. */
export const applyRequest = z.strictObject({ hash: planHash, breakGlass: z.boolean().default(false) })

export const planApproval = z.object({ by: principalId, at: epochMs, expiresAt: epochMs, hash: planHash })
export type PlanApproval = z.infer<typeof planApproval>
export const planApplied = z.object({ ...force.omit({ reason: true, plan: true }).shape, at: epochMs })
export type PlanApplied = z.infer<typeof planApplied>

export const plan = z.object({
  plan: planId,
  hash: planHash,
  selector: planSelector,
  reason: z.string(),
  by: principalId,
  createdAt: epochMs,
  /** It can be applied until then. */
  expiresAt: epochMs,
  credentials: z.int(),
  /** Of the credentials: all their holders lose them. */
  grants: z.int(),
  /** Of the grants: what the selector does not name, and dies along since the credential is shared. */
  shared: z.int(),
  sessions: z.int(),
  /** Sessions and tasks that are ended as well, so that what is granted late dies too. */
  ends: z.int(),
  stores: z.array(z.object({ store: storeId, credentials: z.int() })),
  /** Of the credentials: a session that holds it gave a sign of life in the last minute. */
  activeLastMinute: z.int(),
  impossible: z.int(),
  /** Of what cannot be revoked: the latest moment that is known. */
  exposedUntil: epochMs.optional(),
  cap: z.int(),
  /** A second person is needed. */
  overCap: z.boolean(),
  approval: planApproval.optional(),
  applied: planApplied.optional(),
})
export type Plan = z.infer<typeof plan>

export const planResult = z.enum(['dead', 'impossible', 'unproven', 'gone', 'blocked', 'alive'])
export type PlanResult = z.infer<typeof planResult>
export const planItem = z.object({
  credential: hexId,
  store: storeId,
  kind: credentialKind,
  handle,
  session: senderId,
  grants: z.array(hexId),
  result: planResult,
  /** Why it is blocked, or why it cannot be revoked. */
  code: z.string().optional(),
  detail: z.string().optional(),
  exposedUntil: epochMs.optional(),
  deadSince: epochMs.optional(),
  receipt: hexId.optional(),
})
export type PlanItem = z.infer<typeof planItem>
export const planDetail = z.object({
  plan,
  counts: z.record(planResult, z.int()),
  /** What is not dead first. */
  items: z.array(planItem),
  complete: z.boolean(),
})
export type PlanDetail = z.infer<typeof planDetail>
/** `facts`: how many were written now; 0: it was applied before, and nothing is new. */
export const applyAnswer = z.object({ facts: z.int(), plan })
export type ApplyAnswer = z.infer<typeof applyAnswer>
