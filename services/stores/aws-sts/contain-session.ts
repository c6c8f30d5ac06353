import type { Problem } from '../../pipeline/errors.ts'
import type { Containment, Lane } from '../../pipeline/ports.ts'
import { denyPolicy, isOurs, isSame, neededUntil, policyName } from './deny-policy.ts'
import type { IamAnswer, IamCalls } from './iam-calls.ts'
import type { RoleSession } from './role-session.ts'

export type Containing = {
  iam: IamCalls
  handle: string
  session: RoleSession
  /** Epoch ms: when the session ends by itself. */
  until: number
  withinMs: number
  most: number
  lane: Lane
  now(): number
}

/** Of all places this part is kept for what leaked. */
const keptFree = (most: number) => Math.floor(most / 4)
/** For another clock. */
const graceMs = 60_000

/** Looks, writes, and reads back: only what was read back contains. Written again where somebody took it away or changed it. */
export const containSession = async (
  parts: Containing,
  { compromised, known }: { compromised: boolean; known: boolean },
): Promise<Containment> => {
  const { iam, handle, session, lane, until, withinMs } = parts
  const { role } = session
  const found = await iam.roleId(role, lane)
  if ('problem' in found) return failed(found.problem)
  const roleId = 'absent' in found ? undefined : found.output
  // Without its role a session may do nothing, and one made anew has another id.
  if ('absent' in found) return { state: 'impossible', reason: `the role ${role} is gone`, exposedUntil: until }
  if (roleId === undefined) return failed({ code: 'protocol', detail: `IAM does not say the id of role ${role}` })
  const name = policyName(handle)
  const wanted = denyPolicy(session, { roleId, withinMs, until })
  const before = await iam.policy(role, name, lane)
  if ('problem' in before) return failed(before.problem)
  if (!('absent' in before) && isSame(before.output, wanted)) return contained(parts, name, false)
  const room = 'absent' in before ? await makeRoom(parts, compromised) : undefined
  if (room) return failed(room)
  const written = await iam.put(role, name, wanted, lane)
  // Whatever was answered: a timeout may have had its effect, and a success none.
  const after = await iam.policy(role, name, lane)
  if (!('output' in after) || !isSame(after.output, wanted)) return failed(whyNot(written, after, role))
  return contained(parts, name, known)
}

const failed = (problem: Problem): Containment => ({ state: 'failed', problem })

const contained = ({ session, until, withinMs, now }: Containing, name: string, again: boolean): Containment => {
  const at = (ms: number) => new Date(ms).toISOString().slice(0, 19)
  const issued = `${at(session.issuedAt - withinMs)}Z to ${at(session.issuedAt + withinMs)}Z`
  const how = `inline policy ${name} of role ${session.role} denies everything to ${session.name} issued ${issued}; read back`
  return { state: 'contained', at: now(), how, exposedUntil: until, ...(again ? { again } : {}) }
}

const whyNot = (written: IamAnswer<unknown>, after: IamAnswer<unknown>, role: string): Problem => {
  if ('problem' in written) return written.problem
  if ('problem' in after) return after.problem
  if ('absent' in written) return { code: 'protocol', detail: `the role ${role} went away meanwhile` }
  return { code: 'backend', detail: `IAM took the policy of role ${role} and does not have it` }
}

/** Ours are bounded, so that the role's owner keeps room: 10,240 characters for all inline policies of a role. Those that ended go first. */
const makeRoom = async (
  { iam, session: { role }, most, lane, now }: Containing,
  compromised: boolean,
): Promise<Problem | undefined> => {
  const listed = await iam.policies(role, lane)
  if ('problem' in listed) return listed.problem
  const ours = 'absent' in listed ? [] : listed.output.filter(isOurs)
  const limit = compromised ? most : most - keptFree(most)
  if (ours.length < limit) return undefined
  let left = ours.length
  for (const name of ours) {
    const found = await iam.policy(role, name, lane)
    const until = 'output' in found ? neededUntil(found.output) : undefined
    if (until === undefined || until + graceMs > now()) continue
    if (!('problem' in (await iam.remove(role, name, lane)))) left -= 1
  }
  if (left < limit) return undefined
  const detail = `role ${role} has ${left} contained sessions, of ${limit} that this store may add to its inline policies`
  return { code: 'backend', detail }
}
