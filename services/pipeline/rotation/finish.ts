import { end } from './roll-back.ts'
import { again, type Ran, type Rotating, stepFact, stuck, supersededFact } from './rotating.ts'
import { type StepView, stepOf } from './secret-view.ts'
import { endStrays, withoutReceipt } from './strays.ts'

/**
 * After the promotion, forward only: the consumers are told, the overlap passes, the old versions become due like every other credential,
 * and when each has its receipt they are closed at the keeper. Needs no fence: each step may be done twice, by anybody.
 */
export const finish = async (run: Rotating, promoted: StepView): Promise<Ran> => {
  const { parts, secret, rotation, view } = run
  const told = stepOf(rotation, 'picked_up') ?? (await pickUp(run, promoted))
  if ('state' in told) return told
  const compromised = isCompromised(run)
  const at = compromised ? parts.now() : told.at + secret.overlapMs
  const others = view.versions.filter(one => one.cid !== promoted.cid)
  const living = others.filter(one => !one.superseded || (compromised && one.superseded.at > parts.now()))
  if (living.length > 0) {
    await parts.facts.append(living.map(one => supersededFact(run, one.cid, 'rotated', at)))
    parts.crashPoint('after_superseded')
    return again(Math.max(50, Math.min(at - parts.now(), 1_000)))
  }
  const ids = others.filter(one => one.superseded?.rotation === rotation.rotation).map(one => one.cid)
  if ((await withoutReceipt(run, ids)) > 0) return again(untilDue(run, ids))
  const strays = await endStrays(run, promoted.cid)
  if ('problem' in strays) return stuck(run, 'search', strays.problem)
  if (strays.living > 0) return again(300)
  const closed = await run.keeper.retire(secret, promoted.keeperVersion ?? '')
  if ('problem' in closed) return stuck(run, 'retire', closed.problem)
  parts.crashPoint('after_retire')
  return end(run, 'done', undefined, closed.retired)
}

/** A leak that is known makes this rotation one without overlap, also when it began as another one: this one or any that waits. */
const isCompromised = ({ view }: Rotating): boolean =>
  view.rotations.some(one => one.requested?.compromised && !one.ended)

const untilDue = ({ parts, view }: Rotating, cids: string[]): number => {
  const next = Math.max(0, ...view.versions.filter(one => cids.includes(one.cid)).map(one => one.superseded?.at ?? 0))
  return Math.max(200, Math.min(next - parts.now(), 1_000))
}

const patienceMs = 5 * 60_000
/** Consumers that cannot be told are tried for a while; a leak waits for nobody. */
const pickUp = async (run: Rotating, promoted: StepView): Promise<StepView | Ran> => {
  const { parts, secret, rotation } = run
  const told = await parts.tellConsumers(secret, rotation.rotation, promoted.keeperVersion ?? '')
  if ('problem' in told && !isCompromised(run) && parts.now() - promoted.at < patienceMs)
    return stuck(run, 'pick_up', told.problem)
  if ('problem' in told) stuck(run, 'pick_up', told.problem)
  await parts.facts.append([stepFact(run, 'picked_up')])
  parts.crashPoint('after_pick_up')
  return { at: parts.now(), attempt: run.attempt }
}
