import type { Finding } from '../../schemas/store-test.ts'
import type { Problem } from './errors.ts'
import { type Credential, doorWitness, type ProbeResult, type Store, type StoreUse } from './ports.ts'
import { settleMs, watchRefusal } from './watch-refusal.ts'

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

type Parts = TryOutParts & { findings: Finding[] }
const patienceMs = 180_000
/** Before its revocation a key is used this often: a cache behind the door that never saw it would hide the window. */
const usesBefore = 12

/**
 * A store against the real product, with credentials that may be thrown away: issue, use, revoke, refuse. Says in plain words what
 * does not fit what the store was told of the product. Nothing that it did not issue or was given is touched.
 */
export const tryOut = async (given: TryOutParts, brought?: ThrowAway): Promise<Finding[]> => {
  const parts: Parts = { ...given, findings: [] }
  const one = brought ?? (await issued(parts, 'issue a key'))
  if (!one) return parts.findings
  const neighbour = brought ? undefined : await issued(parts, 'issue another key')
  await isAlive(parts, one, 'the new key is alive')
  await opensDoor(parts, one)
  const steppedAt = await revokes(parts, one)
  if (steppedAt !== undefined) {
    await isRefused(parts, one, steppedAt)
    await revokesAgain(parts, one)
  }
  if (neighbour) {
    await isAlive(parts, neighbour, 'the other key is untouched')
    await cleanUp(parts, neighbour)
  }
  return parts.findings
}

const note = ({ findings, tell }: Parts, step: string, result: Finding['result'], says: string) => {
  const finding = { step, result, says }
  findings.push(finding)
  tell(finding)
}

const issued = async (parts: Parts, step: string): Promise<ThrowAway | undefined> => {
  const { store, lifeMs } = parts
  if (!store.issue) {
    note(
      parts,
      step,
      'not_tried',
      'nothing says how this product issues a key: make one, and bring it with --handle and its value on stdin',
    )
    return undefined
  }
  const name = `curfew-test-${parts.random().slice(0, 8)}`
  const { issue } = store
  const made = await patiently(parts, () => issue({ name, lifeMs }))
  if ('problem' in made) {
    const left = await parts.store.named?.(name)
    const found = left && !('problem' in left) && left.length > 0 ? `; it made ${left.join(', ')} all the same` : ''
    note(parts, step, 'does_not_fit', `${said(made.problem)}${found}`)
    return undefined
  }
  const until = made.expiresAt === undefined ? '' : `, until ${new Date(made.expiresAt).toISOString()}`
  const credential = parts.credentialOf(made.handle, made.value)
  const impossible = store.impossible(credential)
  if (impossible !== undefined)
    note(parts, step, 'does_not_fit', `its handle "${made.handle}" cannot be used: ${impossible}`)
  else note(parts, step, 'fits', `"${made.handle}"${until}`)
  return impossible === undefined ? { credential, value: made.value } : undefined
}

const isAlive = async (parts: Parts, one: ThrowAway, step: string): Promise<void> => {
  const probe = await probed(parts, one)
  if (probe.state === 'alive') {
    one.credential = { ...one.credential, seenAt: parts.now(), witnesses: probe.witnesses ?? [] }
    note(parts, step, 'fits', `seen by ${(probe.witnesses ?? ['the store']).join(' and ')}`)
  } else note(parts, step, 'does_not_fit', `it should be alive and is ${stateOf(probe)}`)
}

const opensDoor = async (parts: Parts, one: ThrowAway): Promise<void> => {
  const { value } = one
  const step = 'the door accepts it'
  const { use } = parts.store
  if (!use || value === undefined) {
    const why = use
      ? 'no value was brought'
      : 'the store has no door: what it says of a key is believed without a use of it'
    return note(parts, step, 'not_tried', why)
  }
  const used = await patiently(parts, () => use(value, 'kill'))
  if (used.state === 'accepted') {
    await usesMore(parts, one, use, value)
    note(parts, step, 'fits', `used ${usesBefore} times, and accepted`)
  } else
    note(
      parts,
      step,
      'does_not_fit',
      `a living key is ${used.state === 'refused' ? 'refused' : said(used.problem)}: does the door belong to this product?`,
    )
  const stranger = await patiently(parts, () => use(parts.random(), 'kill'))
  const other = 'the door refuses a word that nobody issued'
  if (stranger.state === 'refused') note(parts, other, 'fits', 'refused')
  else if (stranger.state === 'accepted')
    note(parts, other, 'does_not_fit', 'it accepts everybody: its refusal could never be seen')
  else
    note(
      parts,
      other,
      'not_tried',
      `no refusal that the preset knows, for a key that never was: ${said(stranger.problem)}`,
    )
}

/** Known to every cache, and seen there by a look of the store: a look drops the door where its budget is used up. */
const usesMore = async (parts: Parts, one: ThrowAway, use: NonNullable<Store['use']>, value: string): Promise<void> => {
  for (let n = 1; n < usesBefore; n += 1) await patiently(parts, () => use(value, 'kill'))
  for (let n = 0; n < 5 && !one.credential.witnesses?.includes(doorWitness); n += 1) {
    const probe = await probed(parts, one)
    const atDoor = probe.state === 'alive' && probe.evidence === 'used'
    if (atDoor) one.credential = { ...one.credential, witnesses: probe.witnesses ?? [] }
    if (atDoor || one.credential.seenAt === undefined) return
    await parts.pause(2_500)
  }
}

const revokes = async (parts: Parts, { credential }: ThrowAway): Promise<number | undefined> => {
  const step = 'revoke it'
  const done = await patiently(parts, () => parts.store.revoke(credential, 'kill'))
  const at = parts.now()
  if (done.state === 'claimed') note(parts, step, 'fits', 'the product says that it did (which proves nothing yet)')
  else if (done.state === 'queued') note(parts, step, 'fits', 'the product says that it will')
  else note(parts, step, 'does_not_fit', done.state === 'failed' ? said(done.problem) : done.reason)
  return done.state === 'claimed' || done.state === 'queued' ? at : undefined
}

const isRefused = async (parts: Parts, one: ThrowAway, steppedAt: number): Promise<void> => {
  const { store, now, pause } = parts
  const { use, propagationMs: windowMs } = store
  const { value } = one
  const { refusedAt, acceptedAt, last } = await watchRefusal({
    probe: patient => (patient ? probed(parts, one, steppedAt) : probedNow(parts, one, steppedAt)),
    use: use && value !== undefined ? () => use(value, 'kill') : undefined,
    now,
    pause,
    steppedAt,
    windowMs,
    watchMs: parts.watchMs,
  })
  const step = 'it is refused, and stays refused'
  const lateMs = acceptedAt === undefined ? 0 : acceptedAt - steppedAt
  if (refusedAt === undefined || last.state !== 'dead')
    note(
      parts,
      step,
      'does_not_fit',
      `${Math.round((now() - steppedAt) / 1_000)} s after the revocation it is ${stateOf(last)}`,
    )
  else if (lateMs > windowMs)
    note(
      parts,
      step,
      'does_not_fit',
      `it was accepted ${lateMs} ms after the revocation, and the window is ${windowMs} ms: set windowSeconds to ${Math.ceil(lateMs / 1_000) + 1} or more`,
    )
  else note(parts, step, 'fits', `first refused ${refusedAt - steppedAt} ms after the revocation${evidenceOf(last)}`)
}

const evidenceOf = (probe: ProbeResult) =>
  probe.state === 'dead' ? (probe.evidence === 'used' ? ', by a use of it' : ', by the word of the product') : ''

const revokesAgain = async (parts: Parts, one: ThrowAway): Promise<void> => {
  const step = 'revoke it once more'
  const again = await patiently(parts, () => parts.store.revoke(one.credential, 'kill'))
  if (again.state === 'failed')
    note(
      parts,
      step,
      'does_not_fit',
      `${said(again.problem)}. A crash after a revocation repeats it: name this answer in revoke.already or revoke.absent`,
    )
  else note(parts, step, 'fits', 'an answer that the preset knows')
}

const cleanUp = async (parts: Parts, one: ThrowAway): Promise<void> => {
  const step = 'nothing is left behind'
  const steppedAt = await patiently(parts, () => parts.store.revoke(one.credential, 'kill')).then(() => parts.now())
  // Where the first one would not die, waiting for this one tells nobody more.
  const ended = parts.findings.every(one => one.result !== 'does_not_fit')
  const until = ended ? steppedAt + parts.store.propagationMs + settleMs : 0
  for (;;) {
    const probe = await probed(parts, one, steppedAt)
    if (probe.state === 'dead') return note(parts, step, 'fits', 'the other key is dead too')
    if (parts.now() > until)
      return note(
        parts,
        step,
        'does_not_fit',
        `${Math.round((parts.now() - steppedAt) / 1_000)} s after its revocation the other key "${one.credential.handle}" is ${stateOf(probe)}: see that it ends`,
      )
    await parts.pause(250)
  }
}

const probed = (parts: Parts, one: ThrowAway, notBefore = parts.now()): Promise<ProbeResult> =>
  patiently(parts, () => probedNow(parts, one, notBefore))
const probedNow = ({ store }: Parts, { credential }: ThrowAway, notBefore: number): Promise<ProbeResult> =>
  store.probe({ ...credential, notBefore }, 'kill')

type Told = ProbeResult | StoreUse | { state: string; problem?: Problem } | { problem: Problem } | object
/** A budget that is used up is waited for, as a worker does. */
const patiently = async <T extends Told>(parts: Parts, ask: () => Promise<T>): Promise<T> => {
  const until = parts.now() + patienceMs
  for (;;) {
    const told = await ask()
    const problem = 'problem' in told ? (told.problem as Problem | undefined) : undefined
    if (problem?.code !== 'throttled' || parts.now() > until) return told
    await parts.pause(Math.min(problem.retryAfterMs ?? 500, 10_000))
  }
}

const said = ({ detail, code, retryAfterMs = 0 }: Problem) =>
  `${detail} (${code}${retryAfterMs > 10_000 ? `, for ${Math.ceil(retryAfterMs / 1_000)} s more` : ''})`
const stateOf = (probe: ProbeResult): string => {
  if (probe.state === 'unknown') return `unknown: ${said(probe.problem)}`
  if (probe.state === 'impossible') return `impossible: ${probe.reason}`
  return probe.state
}
