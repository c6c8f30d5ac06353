import type { RotationCause, RotationResult, RotationStep } from '../../../schemas/secrets.ts'
import { stampedNumber, stampedText } from '../merges.ts'

/** What the facts of one registered secret add up to. Times are epoch ms. */
export type VersionView = {
  cid: string
  /** When it became known to us. */
  at: number
  /** Absent: it was there before the first rotation. */
  rotation?: string | undefined
  store: string
  handle: string
  keeperVersion?: string | undefined
  /** Of its value, under the pepper of then. */
  fingerprint?: string | undefined
  superseded?: { at: number; cause: string; rotation: string } | undefined
}
export type StepView = {
  at: number
  attempt: number
  cid?: string
  keeperVersion?: string
  reason?: string
  handle?: string
}
export type Fence = { attempt: number; offset: number; holder: string }
export type RotationView = {
  rotation: string
  requested: { at: number; cause: RotationCause; compromised: boolean; version?: string; reason?: string } | undefined
  /** By attempt, ascending. */
  locks: Fence[]
  steps: Partial<Record<RotationStep, StepView[]>>
  ended?: { at: number; result: RotationResult; reason?: string; retired?: string[] } | undefined
}
export type SecretView = { secret: string; versions: VersionView[]; rotations: RotationView[] }

export const secretView = (secret: string, hash: ReadonlyMap<string, string>): SecretView => {
  const rotations = new Map<string, RotationView>()
  const versions: VersionView[] = []
  const of = (rotation: string) => {
    const known = rotations.get(rotation) ?? { rotation, requested: undefined, locks: [], steps: {} }
    rotations.set(rotation, known)
    return known
  }
  for (const [field, value] of hash) {
    const [kind, id = '', attempt = '0', step = ''] = field.split(':')
    const [at, text] = [stampedNumber(value), stampedText(value)]
    if (kind === 'q') of(id).requested = { at, ...JSON.parse(text) }
    else if (kind === 'l') of(id).locks.push({ attempt: Number(attempt), offset: at, holder: text })
    else if (kind === 's') addStep(of(id), step as RotationStep, { at, attempt: Number(attempt), ...JSON.parse(text) })
    else if (kind === 'e') of(id).ended = { at, ...JSON.parse(text) }
    else if (kind === 'v') versions.push({ cid: id, at, ...JSON.parse(text), superseded: supersededOf(hash, id) })
  }
  for (const one of rotations.values()) {
    one.locks.sort((a, b) => a.attempt - b.attempt)
    // Only with its promotion a version has the keeper's final name.
    const promoted = stepOf(one, 'promoted')
    for (const version of versions) if (version.cid === promoted?.cid) version.keeperVersion = promoted.keeperVersion
  }
  return { secret, versions: versions.sort((a, b) => a.at - b.at), rotations: [...rotations.values()] }
}

const addStep = ({ steps }: RotationView, step: RotationStep, view: StepView) => {
  steps[step] = [...(steps[step] ?? []), view].sort((a, b) => a.attempt - b.attempt)
}

const supersededOf = (hash: ReadonlyMap<string, string>, cid: string) => {
  const value = hash.get(`d:${cid}`)
  if (value === undefined) return undefined
  const [cause = '', rotation = ''] = stampedText(value).split('|')
  return { at: stampedNumber(value), cause, rotation }
}

/** The last one of that name: of the highest attempt. */
export const stepOf = (rotation: RotationView, step: RotationStep): StepView | undefined => rotation.steps[step]?.at(-1)
export const fenceOf = (rotation: RotationView): Fence | undefined => rotation.locks.at(-1)

const isOpen = (one: RotationView) => one.requested !== undefined && one.ended === undefined
/** One rotation of a secret at a time: of those that have begun and not ended, the one that began first in the log. */
export const runningRotation = ({ rotations }: SecretView): RotationView | undefined =>
  rotations
    .filter(one => isOpen(one) && one.locks.length > 0)
    .sort((a, b) => (a.locks[0]?.offset ?? 0) - (b.locks[0]?.offset ?? 0))[0]

/** Asked for and not begun: leaks first, then in the order of asking. */
export const waitingRotations = ({ rotations }: SecretView): RotationView[] =>
  rotations
    .filter(one => isOpen(one) && one.locks.length === 0)
    .sort(
      (a, b) =>
        Number(b.requested?.compromised) - Number(a.requested?.compromised) ||
        (a.requested?.at ?? 0) - (b.requested?.at ?? 0),
    )

/** What consumers read now, as far as the facts know: promoted or adopted, and nothing took its place. */
export const currentVersion = (view: SecretView): VersionView | undefined =>
  view.versions.filter(one => !one.superseded && (one.rotation === undefined || wasPromoted(view, one))).at(-1)

const wasPromoted = ({ rotations }: SecretView, { rotation, cid }: VersionView) =>
  rotations.some(one => one.rotation === rotation && stepOf(one, 'promoted')?.cid === cid)
