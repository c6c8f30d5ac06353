import type { Fact } from '../../../schemas/facts.ts'
import type { RotationStep, SecretConfig } from '../../../schemas/secrets.ts'
import type { Problem } from '../errors.ts'
import { credentialId } from '../ids.ts'
import { handleOf, type Keeper, type KeptVersion } from '../keeper-port.ts'
import type { Store } from '../ports.ts'
import type { RotationRequest } from './decide-rotation.ts'
import type { RotationParts } from './ports.ts'
import { fenceOf, type RotationView, type SecretView } from './secret-view.ts'

/** One run of a rotation: its world, and the fence that it holds. */
export type Rotating = {
  parts: RotationParts
  secret: SecretConfig
  view: SecretView
  rotation: RotationView
  keeper: Keeper
  issuer: Store
  attempt: number
}

/** What becomes of a run: over, or asked again after so many ms. */
export type Ran = { state: 'over' } | { state: 'again'; afterMs: number }
export const again = (afterMs: number): Ran => ({ state: 'again', afterMs })
export const over: Ran = { state: 'over' }

export const base = (parts: RotationParts, event: string) => ({ v: 1, at: parts.now(), event, by: 'curfew' }) as const

export const requestedFact = (now: number, secret: string, wanted: RotationRequest & { reason?: string }): Fact => ({
  v: 1,
  at: now,
  event: wanted.rotation,
  by: 'curfew',
  kind: 'rotation.requested',
  secret,
  ...wanted,
})

/** Never an end by itself: told, and asked again. */
export const stuck = ({ parts, secret, rotation }: Rotating, step: string, problem: Problem): Ran => {
  parts.observeRotation({ event: 'rotation_problem', secret: secret.id, rotation: rotation.rotation, step, problem })
  return again(Math.min(problem.retryAfterMs ?? 1_000, 10_000))
}

export const stepFact = (
  { parts, secret, rotation, attempt }: Rotating,
  step: RotationStep,
  more: { cid?: string; keeperVersion?: string; reason?: string; handle?: string } = {},
): Fact => ({
  ...base(parts, `${rotation.rotation}.${attempt}.${step}`),
  kind: 'rotation.step',
  secret: secret.id,
  rotation: rotation.rotation,
  attempt,
  step,
  ...more,
})

/** The same trigger asks for the same rotation, whichever process sees it. */
export const request = async (
  parts: RotationParts,
  secret: string,
  wanted: RotationRequest & { reason?: string },
): Promise<Ran> => {
  const { rotation, cause, compromised } = wanted
  await parts.facts.append([requestedFact(parts.now(), secret, wanted)])
  parts.observeRotation({ event: 'rotation_requested', secret, rotation, cause, compromised })
  return again(0)
}

/** From here on forward only: told, and taken up by the next run. */
export const promoted = async (run: Rotating, cid: string, keeperVersion: string): Promise<Ran> => {
  const { parts, secret, rotation } = run
  await parts.facts.append([stepFact(run, 'promoted', { cid, keeperVersion })])
  parts.observeRotation({ event: 'rotation_step', secret: secret.id, rotation: rotation.rotation, step: 'promoted' })
  return again(0)
}
/** The credential that a kept version holds. */
export const cidOf = ({ issuer }: Rotating, version: KeptVersion) => credentialId(issuer.id, handleOf(version))

/** What an attempt's credential is called at its issuer, to be found by: short, since products cut names. */
export const issueName = (rotation: string, attempt: number) =>
  `${rotation.replaceAll('-', '').slice(0, 24)}.${attempt}`
export const supersededFact = (
  { parts, secret, rotation }: Rotating,
  cid: string,
  cause: 'rotated' | 'rolled_back',
  at: number,
): Fact => ({
  ...base(parts, `${rotation.rotation}.superseded`),
  at: Math.round(at),
  kind: 'version.superseded',
  cid,
  secret: secret.id,
  rotation: rotation.rotation,
  cause,
})

/** The version as a credential of its issuer, known by its fingerprint; its value sealed where the issuer must be shown it. */
export const heldFacts = (
  { parts, secret }: Pick<Rotating, 'parts' | 'secret'>,
  version: {
    handle: string
    value?: string | undefined
    rotation?: string | undefined
    keeperVersion?: string | undefined
    expiresAt?: number | undefined
    fields?: Record<string, string> | undefined
    target?: string | undefined
  },
): { cid: string; facts: Fact[] } => {
  const { store, kind } = secret.issuer
  const { handle, value, rotation, keeperVersion, expiresAt, fields, target } = version
  const cid = credentialId(store, handle)
  const held: Fact = {
    ...base(parts, `${rotation ?? 'adopted'}.${keeperVersion ?? ''}`.slice(0, 64)),
    kind: 'version.held',
    cid,
    secret: secret.id,
    tenant: secret.tenant,
    ...(rotation === undefined ? {} : { rotation }),
    store,
    credentialKind: kind,
    handle,
    ...(target === undefined ? {} : { target }),
    ...(value === undefined ? {} : { valueSealed: true }),
    ...(keeperVersion === undefined ? {} : { keeperVersion }),
    fingerprints: value === undefined ? [] : formsOf(value, fields).map(parts.fingerprint),
    ...(expiresAt === undefined ? {} : { expiresAt }),
  }
  const sealed: Fact[] =
    value === undefined ? [] : [{ ...base(parts, 'sealed'), kind: 'sealed', cid, ...parts.seal(cid, value) }]
  return { cid, facts: [...sealed, held] }
}

/** As it is found leaked: the value alone, and as `user:value`. */
const formsOf = (value: string, fields: Record<string, string> = {}): string[] => [
  value,
  ...new Set(
    Object.values(fields)
      .slice(0, 8)
      .map(field => `${field}:${value}`),
  ),
]

const lockPatienceMs = 5_000

/**
 * Takes the fence: the next attempt. The facts of one secret lie in one partition, so that once this lock is folded everything that
 * was appended before it is folded too: what is read then is not older than the lock. Undefined: somebody else holds it.
 */
export const takeFence = async (run: Omit<Rotating, 'attempt'>): Promise<Rotating | undefined> => {
  const { parts, secret, rotation } = run
  const attempt = (fenceOf(rotation)?.attempt ?? 0) + 1
  const { rotation: id } = rotation
  await parts.facts.append([
    {
      ...base(parts, `${id}.${attempt}.${parts.holder}`.slice(0, 64)),
      kind: 'rotation.locked',
      secret: secret.id,
      rotation: id,
      attempt,
      holder: parts.holder,
    },
  ])
  const until = parts.now() + lockPatienceMs
  for (;;) {
    const view = await parts.projection.secret(secret.id)
    const folded = view.rotations.find(one => one.rotation === id)
    const fence = folded && fenceOf(folded)
    if (folded && fence && fence.attempt >= attempt) {
      parts.crashPoint('after_rotation_locked')
      const mine = fence.attempt === attempt && fence.holder === parts.holder && !folded.ended
      return mine && isRunning(view, id) ? { ...run, view, rotation: folded, attempt } : undefined
    }
    if (parts.now() > until) return undefined
    await parts.pause(20)
  }
}

/** Of two that began at the same time the first in the log goes on. */
const isRunning = (view: SecretView, rotation: string): boolean =>
  view.rotations
    .filter(one => one.requested && !one.ended && one.locks.length > 0)
    .every(one => one.rotation === rotation || (one.locks[0]?.offset ?? 0) > firstOffset(view, rotation))
const firstOffset = ({ rotations }: SecretView, id: string) =>
  rotations.find(one => one.rotation === id)?.locks[0]?.offset ?? 0

/** Before each write at a store: a stale fence has no effect. */
export const holdsFence = async ({ parts, secret, rotation, attempt }: Rotating): Promise<boolean> => {
  const { rotations } = await parts.projection.secret(secret.id)
  const now = rotations.find(one => one.rotation === rotation.rotation)
  const fence = now && fenceOf(now)
  return fence?.attempt === attempt && fence.holder === parts.holder && !now?.ended
}
