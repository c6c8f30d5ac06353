import type { Finding } from '../../schemas/store-test.ts'
import type { Problem } from './errors.ts'
import type { Credential, ProbeResult, Store, StoreUse } from './ports.ts'

/** One credential that may be killed. `value`: where it is known, it is used at the door. */
export type ThrowAway = { credential: Credential; value: string | undefined }
export type TryOutParts = {
  store: Store
  /** As the facts would give it to the store: its value sealed. */
  credentialOf(handle: string, value: string): Credential
  now(): number
  pause(ms: number): Promise<unknown>
  tell(finding: Finding): void
  /** A word that nobody ever issued, for the door. */
  random(): string
  lifeMs: number
  /** The door is watched for so long at the least, whatever window the store declares: a window that is too small is found. */
  watchMs: number
}

/** What a try knows while it runs. */
export type Trying = TryOutParts & { findings: Finding[] }

const patienceMs = 180_000
export const note = ({ findings, tell }: Trying, step: string, result: Finding['result'], says: string) => {
  const finding = { step, result, says }
  findings.push(finding)
  tell(finding)
}

export const probed = (parts: Trying, one: ThrowAway, notBefore = parts.now()): Promise<ProbeResult> =>
  patiently(parts, () => probedNow(parts, one, notBefore))
export const probedNow = ({ store }: Trying, { credential }: ThrowAway, notBefore: number): Promise<ProbeResult> =>
  store.probe({ ...credential, notBefore }, 'kill')

type Told = ProbeResult | StoreUse | { state: string; problem?: Problem } | { problem: Problem } | object
/** A budget that is used up is waited for, as a worker does. */
export const patiently = async <T extends Told>(parts: Trying, ask: () => Promise<T>): Promise<T> => {
  const until = parts.now() + patienceMs
  for (;;) {
    const told = await ask()
    const problem = 'problem' in told ? (told.problem as Problem | undefined) : undefined
    if (problem?.code !== 'throttled' || parts.now() > until) return told
    await parts.pause(Math.min(problem.retryAfterMs ?? 500, 10_000))
  }
}

export const said = ({ detail, code, retryAfterMs = 0 }: Problem) =>
  `${detail} (${code}${retryAfterMs > 10_000 ? `, for ${Math.ceil(retryAfterMs / 1_000)} s more` : ''})`
export const stateOf = (probe: ProbeResult): string => {
  if (probe.state === 'unknown') return `unknown: ${said(probe.problem)}`
  if (probe.state === 'impossible') return `impossible: ${probe.reason}`
  return probe.state
}
