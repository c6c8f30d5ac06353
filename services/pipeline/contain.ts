import { type Attempt, blocked } from './attempt.ts'
import type { Problem } from './errors.ts'
import { appendOutcome } from './outcome.ts'
import type { Settled, Store, WorkParts } from './ports.ts'
import type { CredentialView } from './view.ts'

/** After its own end, for another clock and for what was asked just before. */
const releaseAfterMs = 60_000
/** A rebuild offers every containment of the past again: those so old were taken away. */
const longOverMs = 7 * 86_400_000

const expiryOf = (view: CredentialView) => view.fixedExpiresAt ?? view.expiresAt

/**
 * What cannot be revoked is kept from doing anything until it ends by itself. That is no death: the outcome is `impossible`, exposed until
 * then, with what contains it. What cannot be contained now is tried again until the credential has expired.
 */
export const containInstead = async (attempt: Attempt): Promise<Settled> => {
  const { parts, view, store, lane, cause, note } = attempt
  const expiresAt = expiryOf(view)
  if (expiresAt !== undefined && expiresAt <= parts.now())
    return appendOutcome(attempt, {
      outcome: 'impossible',
      reason:
        `cannot be revoked: it expired by itself${note.blocked ? `, not contained: ${note.blocked.detail}` : ''}`.slice(
          0,
          200,
        ),
      exposedUntil: expiresAt,
    })
  const compromised = cause.cause === 'leaked' || cause.cause === 'forced'
  parts.crashPoint('before_step')
  const result = await store.contain?.(view, { expiresAt, compromised, known: false }, lane)
  parts.crashPoint('after_step')
  if (!result) return { state: 'over' }
  if (result.state === 'failed') return blocked(attempt, 'revoke', result.problem)
  if (result.state === 'impossible') return appendOutcome(attempt, { ...result, outcome: 'impossible' })
  const { at, how, exposedUntil } = result
  note.steppedAt = at
  delete note.blocked
  return appendOutcome(attempt, {
    outcome: 'impossible',
    reason: `cannot be revoked; contained: ${how}`.slice(0, 200),
    exposedUntil,
    contained: { at, how },
  })
}

/** Looked at until the credential has ended, since anybody may take a containment away; then it is taken away. Undefined: all is done. */
export const watchContained = async (
  parts: WorkParts,
  view: CredentialView,
  store: Store,
): Promise<Settled | undefined> => {
  const { exposedUntil = 0 } = view.receipt ?? {}
  const releaseAt = exposedUntil + releaseAfterMs
  const later = (at: number): Settled => ({ state: 'again', at })
  const failed = (problem: Problem) => {
    told(parts, view, problem)
    return later(parts.now() + 30_000)
  }
  if (parts.now() >= releaseAt + longOverMs) return undefined
  if (parts.now() >= releaseAt) {
    const released = await store.release?.(view, 'probe')
    return released && 'problem' in released ? failed(released.problem) : undefined
  }
  const result = await store.contain?.(view, { expiresAt: exposedUntil, compromised: true, known: true }, 'probe')
  if (result?.state === 'failed') return failed(result.problem)
  if (result?.state !== 'contained') return undefined
  if (result.again) told(parts, view, { code: 'backend', detail: 'its containment had been taken away: done again' })
  return later(Math.min(parts.now() + parts.recheckMs, releaseAt))
}

const told = (parts: WorkParts, { store, cid }: CredentialView, problem: Problem) =>
  parts.observe({ event: 'problem', store, cid, step: 'revoke', problem })
