import { randomUUID } from 'node:crypto'
import type { OauthClient } from '../../infra/sample/oauth-issuer.ts'
import type { CredentialKind } from '../../schemas/grant.ts'
import { firstProbe } from '../../services/pipeline/first-probe.ts'
import type { Credential, WorkEvent } from '../../services/pipeline/ports.ts'
import { revoke } from '../../services/pipeline/revoke.ts'
import { cid, facts } from './facts.ts'
import { fakeWork } from './fake-work.ts'
import type { LyingOauth, standInClients } from './lying-oauth.ts'
import type { oauthStores } from './oauth-world.ts'

type Name = (typeof standInClients)[number]
export type Work = ReturnType<typeof oauthWork>

/** The real store and the pipeline's own order, over facts in memory, for one token whose session has ended. */
export const oauthWork = (
  stores: ReturnType<typeof oauthStores>,
  server: Pick<LyingOauth, 'issuer' | 'doorUrl'> & { client(name: Name): OauthClient },
  token: string,
  options: {
    kind?: CredentialKind
    revoker?: Name
    introspector?: Name
    door?: boolean
    /** Who was told that it is alive, before its session's end. Undefined: nobody. `door`: it was accepted there. */
    seenBy?: Name | 'door' | undefined
    replacedBy?: string
  } = {},
) => {
  const { kind = 'oauth.access-token', revoker = 'curfew', introspector = 'curfew', door = false } = options
  const handle = `token-${randomUUID()}`
  const now = Date.now()
  const store = stores.open(
    server.client(revoker),
    {
      id: 'vault-local',
      issuer: server.issuer,
      introspection: stores.secretFile(server.client(introspector)),
      ...(door ? { door: server.doorUrl } : {}),
    },
    () => token,
  )
  const work = fakeWork(
    [
      facts.started('s', now - 9_000),
      facts.granted('s', handle, now - 8_000, { credentialKind: kind, expiresAt: now + 600_000, renewable: false }),
      facts.sealed(handle, now - 8_000, 'k1-a'),
      facts.ended('s', now - 1_000),
      ...(options.seenBy === undefined
        ? []
        : [facts.seen(handle, now - 7_000, options.seenBy === 'door' ? undefined : options.seenBy)]),
    ],
    { probes: [] },
  )
  const events: WorkEvent[] = []
  const parts = { ...work.parts, stores: new Map([[store.id, store]]), observe: (one: WorkEvent) => events.push(one) }
  const credential: Credential = { kind, handle, sealed: ['k1.blob'], valueSealed: true, seenAt: now }
  return {
    store,
    credential,
    events,
    appended: work.appended,
    outcomes: work.outcomes,
    blocked: () => work.notes.get(cid(handle))?.blocked,
    attempt: () => revoke(parts, cid(handle), 'kill'),
    /** The look that follows a death. */
    secondLook: () => firstProbe(parts, cid(handle)),
  }
}
