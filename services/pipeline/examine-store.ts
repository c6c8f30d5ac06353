import type { CredentialKind } from '../../schemas/grant.ts'
import { credentialId } from './ids.ts'
import type { Credential, Sealing, Store, StoreCheck } from './ports.ts'

export type ExamineParts = { seal: Sealing['seal']; random(): string }

/**
 * Without effect: a look at a credential that nobody has proves the login and the right to look. What a store can say of its other
 * rights it says itself; the rest only an act would prove.
 */
export const examineStore = async (
  parts: ExamineParts,
  store: Store,
  kinds: readonly CredentialKind[],
): Promise<StoreCheck[]> => {
  const own = await store
    .doctor?.()
    .catch((): StoreCheck[] => [
      { check: 'rights of the login', state: 'cannot_tell', says: 'the store could not be asked' },
    ])
  const looked = await Promise.all((own ? kinds.slice(0, 1) : kinds).map(kind => look(parts, store, kind)))
  const act: StoreCheck = {
    check: 'end a credential',
    state: 'cannot_tell',
    says: `only an act proves it: curfew store test ${store.id}`,
  }
  return own ? [...looked, ...own] : [...looked, act]
}

const look = async ({ seal, random }: ExamineParts, store: Store, kind: CredentialKind): Promise<StoreCheck> => {
  const check = `look at a made-up ${kind}`
  const credential = madeUp(store.id, kind, { seal, random })
  const result = await store.probe(credential, 'probe').catch(() => undefined)
  switch (result?.state) {
    case 'dead':
      return { check, state: 'ok', says: 'reached, logged in, and told that it is not there' }
    case 'unknown': {
      const { code, detail } = result.problem
      return { check, state: code === 'permission' ? 'missing' : 'cannot_tell', says: `${code}: ${detail}` }
    }
    case 'impossible':
      return { check, state: 'cannot_tell', says: result.reason }
    case 'alive':
      return { check, state: 'missing', says: 'a made-up one is called alive: its looks prove nothing' }
    default:
      return { check, state: 'cannot_tell', says: 'the look failed' }
  }
}

const madeUp = (store: string, kind: CredentialKind, { seal, random }: ExamineParts): Credential => {
  const handle = `curfew-doctor-${random()}`
  const { blob } = seal(credentialId(store, handle), random())
  return {
    kind,
    handle: kind === 'vault.approle-secret-id' ? `curfew-doctor/${random()}` : handle,
    sealed: [blob],
    valueSealed: true,
  }
}
