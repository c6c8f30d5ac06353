import { Cron } from 'croner'
import type { RotationCause, SecretConfig } from '../../../schemas/secrets.ts'
import { rotationId } from '../ids.ts'
import {
  currentVersion,
  type RotationView,
  runningRotation,
  type SecretView,
  stepOf,
  waitingRotations,
} from './secret-view.ts'

export type RotationRequest = {
  rotation: string
  cause: RotationCause
  compromised: boolean
  /** The version that it shall replace. */
  version?: string | undefined
}
export type RotationVerdict =
  | { do: 'adopt' }
  | { do: 'request'; request: RotationRequest }
  | { do: 'coalesce'; rotation: RotationView }
  | { do: 'run'; rotation: RotationView }
  /** What an issuer made late, under a name of a rotation that has ended, is searched for once more. */
  | { do: 'sweep'; rotation: RotationView }
  | { do: 'nothing' }

/** Pure: what is to be done for a secret now. `uses`: how many sessions were granted the current version. One thing at a time; asked again every second. */
export const decideRotation = (
  secret: SecretConfig,
  view: SecretView,
  now: number,
  { sweepMs, uses }: { sweepMs: number; uses: number },
): RotationVerdict => {
  const running = runningRotation(view)
  if (running) return { do: 'run', rotation: running }
  const waiting = waitingRotations(view)
  const satisfied = waiting.find(one => isSatisfied(view, one))
  if (satisfied) return { do: 'coalesce', rotation: satisfied }
  const [next] = waiting
  if (next) return { do: 'run', rotation: next }
  const unswept = view.rotations.find(one => one.ended && one.locks.length > 0 && !stepOf(one, 'swept'))
  if (unswept?.ended && unswept.ended.at + sweepMs <= now) return { do: 'sweep', rotation: unswept }
  const current = currentVersion(view)
  if (!current) return { do: 'adopt' }
  const request = requestOf(secret, view, { ...current, uses }, now)
  return request ? { do: 'request', request } : { do: 'nothing' }
}

/** Another rotation made a newer value than this one asked for. */
const isSatisfied = (view: SecretView, { requested }: RotationView): boolean => {
  if (!requested) return false
  if (requested.version !== undefined) return view.versions.some(one => one.cid === requested.version && one.superseded)
  return view.rotations.some(one => one.ended?.result === 'done' && (stepOf(one, 'issuing')?.at ?? 0) >= requested.at)
}

const requestOf = (
  { id, schedule, maxAgeMs, maxUses }: SecretConfig,
  view: SecretView,
  current: { cid: string; at: number; uses: number },
  now: number,
): RotationRequest | undefined => {
  if (schedule !== undefined) {
    const slot = lastSlot(schedule, current.at, now)
    const rotation = slot === undefined ? undefined : replacing(id, view, current.cid, `scheduled|${slot}`)
    // A slot that was rolled back is spent: the next one tries again.
    if (rotation !== undefined && !view.rotations.some(one => one.rotation === rotation))
      return { rotation, cause: 'scheduled', compromised: false }
  }
  if (maxUses !== undefined && current.uses >= maxUses)
    return retryable(id, view, { cause: 'max_uses', compromised: false, version: current.cid }, now)
  if (maxAgeMs === undefined || current.at + maxAgeMs > now) return undefined
  return retryable(id, view, { cause: 'max_age', compromised: false, version: current.cid }, now)
}

/** The latest moment of the schedule after `since`: of many that were missed, one. */
const lastSlot = (schedule: string, since: number, now: number): number | undefined => {
  const [slot] = new Cron(schedule, { timezone: 'UTC', paused: true }).previousRuns(1, new Date(now + 1))
  const at = slot?.getTime()
  return at !== undefined && at > since && at <= now ? at : undefined
}

/** Asked for anew after it was rolled back, ever more rarely: the cause is still there. Undefined: not yet, or under way. */
export const retryable = (
  secret: string,
  view: SecretView,
  wanted: Omit<RotationRequest, 'rotation'> & { version: string },
  now: number,
): RotationRequest | undefined => {
  const { cause, compromised, version } = wanted
  const before = view.rotations.filter(one => one.requested?.version === version && one.requested.cause === cause)
  if (before.some(one => !one.ended || one.ended.result === 'impossible')) return undefined
  const last = Math.max(0, ...before.map(one => one.ended?.at ?? 0))
  const pauseMs = before.length === 0 ? 0 : Math.min(3_600_000, (compromised ? 1_000 : 30_000) * 2 ** before.length)
  if (now < last + pauseMs) return undefined
  return { rotation: replacing(secret, view, version, `${cause}|${before.length}`), cause, compromised, version }
}

/**
 * The id names the version that is replaced, by its fingerprint too, which nobody with another pepper shares: at an issuer that is searched by
 * name, two of them with the same secret id and schedule would otherwise end each other's keys.
 */
const replacing = (secret: string, { versions }: SecretView, version: string, trigger: string): string => {
  const print = versions.find(one => one.cid === version)?.fingerprint ?? ''
  return rotationId(secret, `${trigger}|${version}|${print}`)
}
