import type { Finding } from '../../schemas/store-test.ts'
import type { ProbeResult } from './ports.ts'
import { opensDoor } from './try-door.ts'
import {
  note,
  patiently,
  probed,
  probedNow,
  said,
  stateOf,
  type ThrowAway,
  type Trying,
  type TryOutParts,
} from './try-parts.ts'
import { settleMs, watchRefusal } from './watch-refusal.ts'

/**
 * A store against the real product, with credentials that may be thrown away: issue, use, revoke, refuse. Says in plain words what
 * does not fit what the store was told of the product. Nothing that it did not issue or was given is touched.
 */
export const tryOut = async (given: TryOutParts, brought?: ThrowAway): Promise<Finding[]> => {
  const parts: Trying = { ...given, findings: [] }
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

const issued = async (parts: Trying, step: string): Promise<ThrowAway | undefined> => {
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
  if (impossible !== undefined) note(parts, step, 'does_not_fit', `its handle cannot be used: ${impossible}`)
  else note(parts, step, 'fits', `"${made.handle}"${until}`)
  return impossible === undefined ? { credential, value: made.value } : undefined
}

const isAlive = async (parts: Trying, one: ThrowAway, step: string): Promise<void> => {
  const probe = await probed(parts, one)
  if (probe.state === 'alive') {
    one.credential = { ...one.credential, seenAt: parts.now(), witnesses: probe.witnesses ?? [] }
    note(parts, step, 'fits', `seen by ${(probe.witnesses ?? ['the store']).join(' and ')}`)
  } else note(parts, step, 'does_not_fit', `it should be alive and is ${stateOf(probe)}`)
}

const revokes = async (parts: Trying, { credential }: ThrowAway): Promise<number | undefined> => {
  const step = 'revoke it'
  const done = await patiently(parts, () => parts.store.revoke(credential, 'kill'))
  const at = parts.now()
  if (done.state === 'claimed') note(parts, step, 'fits', 'the product says that it did (which proves nothing yet)')
  else if (done.state === 'queued') note(parts, step, 'fits', 'the product says that it will')
  else note(parts, step, 'does_not_fit', done.state === 'failed' ? said(done.problem) : done.reason)
  return done.state === 'claimed' || done.state === 'queued' ? at : undefined
}

const isRefused = async (parts: Trying, one: ThrowAway, steppedAt: number): Promise<void> => {
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

const revokesAgain = async (parts: Trying, one: ThrowAway): Promise<void> => {
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

const cleanUp = async (parts: Trying, one: ThrowAway): Promise<void> => {
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
