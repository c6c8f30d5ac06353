import type { CanaryStatus, StateStatus, Verdict } from '../../schemas/status.ts'
import { isOldCanary, maxSkewMs, oldAfterPeriods } from '../pipeline/honest-health.ts'
import { duration } from './duration.ts'

const readingLateMs = 5 * 60_000

type Reasons = { wrong: string[]; unknown: string[] }

/** Is Curfew itself working? The canaries' deaths say so, of each store its own, and nothing else does. */
export const selfReasons = (canaries: CanaryStatus[], skewMs: number): Reasons => {
  const wrong: string[] = []
  const unknown: string[] = []
  if (canaries.length === 0) unknown.push('no canary configured')
  for (const { store, kind, everyMs = 0, ageMs } of canaries) {
    if (ageMs === undefined) unknown.push(`no canary of ${store} (${kind}) was seen to die yet`)
    else if (isOldCanary(ageMs, { everyMs }))
      wrong.push(
        `the last canary of ${store} (${kind}) died ${duration(ageMs)} ago: more than three periods (${duration(oldAfterPeriods * everyMs)})`,
      )
  }
  if (Math.abs(skewMs) >= maxSkewMs) wrong.push(`the clock differs from Redis's by ${duration(Math.abs(skewMs))}`)
  return { wrong, unknown }
}

/** One verdict for every surface, with why, worst first. */
export const judge = (state: StateStatus, canaries: CanaryStatus[]): { verdict: Verdict; reasons: string[] } => {
  const self = selfReasons(canaries, state.skewMs)
  const wrong = [...stateReasons(state), ...self.wrong]
  if (wrong.length > 0) return { verdict: 'not_well', reasons: [...wrong, ...self.unknown] }
  const unknown = [
    ...(state.ready ? [] : ['a rebuild is under way: what is counted is not everything']),
    ...self.unknown,
  ]
  return { verdict: unknown.length > 0 ? 'cannot_tell' : 'well', reasons: unknown }
}

const stateReasons = (state: StateStatus): string[] => {
  const reasons: string[] = []
  const blocked = state.stores.filter(one => one.blocked)
  const { grants, lifecycle } = state.caughtUpAgeMs
  if (state.overBound > 0) reasons.push(`${state.overBound} alive past due for longer than ${duration(state.boundMs)}`)
  for (const { store, blocked: why } of blocked) reasons.push(`${store} is blocked: ${why?.code}`)
  if (state.held > 0) reasons.push(`${state.held} held: inferred kills are over the cap`)
  if (state.gap) reasons.push('an input topic has an offset gap: events were skipped')
  if (Math.max(grants ?? 0, lifecycle ?? 0) > readingLateMs) reasons.push('the input topics are read late')
  return reasons
}
