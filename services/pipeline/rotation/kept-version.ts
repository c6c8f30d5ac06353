import type { SecretConfig } from '../../../schemas/secrets.ts'
import { type Attempt, again } from '../attempt.ts'
import { credentialId } from '../ids.ts'
import { innerNotProven } from '../keeper.ts'
import { appendOutcome, appendSeen } from '../outcome.ts'
import type { Settled, WorkParts } from '../ports.ts'
import type { CredentialView } from '../view.ts'
import { keptHandle } from './kept-handle.ts'
import { askForRotation } from './replace-first.ts'
import { currentVersion, type SecretView, type VersionView } from './secret-view.ts'
import { momentOf, versionsAt } from './version-at.ts'

/** The registered secret that this grant is a version of; undefined: it is none. */
export const registered = (
  { secrets }: Pick<WorkParts, 'secrets'>,
  { store, handle }: Pick<CredentialView, 'store' | 'handle'>,
): SecretConfig | undefined => {
  const name = handle.slice(0, Math.max(0, handle.lastIndexOf('#')))
  return [...secrets.values()].find(({ keeper }) => keeper.store === store && keeper.name === name)
}

/** How many sessions were granted the current version. */
export const usesOf = async (
  { projection }: Pick<WorkParts, 'projection'>,
  secret: SecretConfig,
  view: SecretView,
): Promise<number> => {
  const version = currentVersion(view)?.keeperVersion
  if (secret.maxUses === undefined || version === undefined) return 0
  const granted = await projection.load(credentialId(secret.keeper.store, keptHandle(secret, version)))
  return granted?.grants.length ?? 0
}

/** Seen alive when what it holds was. */
export const firstLook = async (attempt: Attempt, secret: SecretConfig): Promise<Settled> => {
  const { parts, view, note } = attempt
  const inner = await heldBy(attempt, secret)
  if (inner?.credential?.seenAt === undefined) return again(parts, view, note, 1_000)
  await appendSeen(attempt, inner.credential.seenAt)
  return { state: 'over' }
}

/**
 * A session's end reaches a shared secret by rotating it: the version that the session read is dead when its issuer refuses it. Where the
 * registry does not rotate after each task, it lives until the next rotation, and is listed until then.
 */
export const endKeptVersion = async (attempt: Attempt, secret: SecretConfig): Promise<Settled> => {
  const { parts, view, note, cause } = attempt
  const inner = await heldBy(attempt, secret)
  const receipt = inner?.credential?.receipt
  if (inner && receipt) return settled(attempt, receipt)
  const at = { since: note.blocked?.since ?? parts.now(), code: 'replaced_first' }
  if (!inner) note.blocked = { ...at, detail: `${secret.id}: this version is not known: was it ever read there?` }
  else if (await askForRotation(parts, { cid: inner.version.cid, cause: cause.cause }, secret.id))
    note.blocked = { ...at, detail: `a version of ${secret.id}: it ends with the next rotation` }
  else
    return appendOutcome(attempt, {
      outcome: 'impossible',
      reason: `${secret.id} cannot be rotated: see its last rotation`,
    })
  return again(parts, view, note, 500)
}

const heldBy = async (
  { parts, view }: Attempt,
  secret: SecretConfig,
): Promise<{ version: VersionView; credential: CredentialView | undefined } | undefined> => {
  const state = await parts.projection.secret(secret.id)
  const named = state.versions.find(
    one => one.keeperVersion !== undefined && keptHandle(secret, one.keeperVersion) === view.handle,
  )
  const version = named ?? readThen(state, view.handle) ?? (await writtenAgain(parts, secret, state, view.handle))
  return version && { version, credential: await parts.projection.load(version.cid) }
}

/** Granted by the moment of its reading, when nothing was known of the secret: the newest that it can have been. */
const readThen = (state: SecretView, handle: string): VersionView | undefined => {
  const at = momentOf(handle)
  return at === undefined ? undefined : versionsAt(state, at).at(-1)
}

/** The current value under a later number: a roll back, or somebody's hand, wrote the same once more. */
const writtenAgain = async (parts: WorkParts, secret: SecretConfig, state: SecretView, handle: string) => {
  const kept = await parts.stores.get(secret.keeper.store)?.keeper?.read(secret)
  if (!kept || 'problem' in kept || !kept.current) return undefined
  const current = currentVersion(state)
  const isSame = current !== undefined && (kept.current.handle ?? current.handle) === current.handle
  return isSame && keptHandle(secret, kept.current.keeperVersion) === handle ? current : undefined
}

const settled = (attempt: Attempt, receipt: NonNullable<CredentialView['receipt']>): Promise<Settled> => {
  const { note } = attempt
  const { outcome, evidence, deadSince, seenAliveAt } = receipt
  if (outcome !== 'verified') return appendOutcome(attempt, innerNotProven(receipt))
  delete note.blocked
  if (deadSince !== undefined) note.refusedSince = deadSince
  if (seenAliveAt !== undefined) note.seenAt ??= seenAliveAt
  return appendOutcome(attempt, { outcome: 'verified', ...(evidence === undefined ? {} : { evidence }) })
}
