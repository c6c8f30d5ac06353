import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startConsumer } from '../../infra/sample/consumer.ts'
import { tryDatabaseLogin } from '../../infra/sample/doors.ts'
import { type KeptSecret, keptSecret } from '../../infra/sample/kept-secret.ts'
import { type RegistrationServer, startRegistrationServer } from '../../infra/sample/registration-server.ts'
import type { Receipt } from '../../schemas/receipt.ts'
import { credentialId } from '../../services/pipeline/ids.ts'
import { type DynamicWorld, dynamicWorld } from '../support/dynamic-world.ts'
import { seal } from '../support/seal.ts'
import { sharedStack } from '../support/stack.ts'
import { until } from '../support/until.ts'
import { startWorld, type World } from '../support/world.ts'

type Data = Record<string, string>
type Standing = {
  store: string
  value: string
  kept: KeptSecret
  /** What a human had put there. */
  byHand: Data
  /** Nobody kept what manages a client that was registered by hand: it cannot be ended, and that is said. */
  endOfByHand: { seen: 'refused' | 'accepted'; outcome: 'verified' | 'impossible' }
  use(data: Data): Promise<'accepted' | 'refused' | 'unknown'>
}
const rotations = 6
const quick = { schedule: '*/3 * * * * *', overlapMs: 600, pickUp: { by: 'poll' as const, everyMs: 200 } }
let world: World
let database: DynamicWorld
let server: RegistrationServer
const all = new Map<string, Standing>()

beforeAll(async () => {
  const { addresses } = await sharedStack()
  database = await dynamicWorld(addresses)
  server = await startRegistrationServer()
  const role = await database.role()
  const [logins, clients] = [
    await keptSecret(addresses, `rotated/${randomUUID()}`),
    await keptSecret(addresses, `rotated/${randomUUID()}`),
  ]
  const lease = (await database.admin.call('GET', 'database/creds/app')).body
  const { username, password } = lease.data as { username: string; password: string }
  const firstLogin = { host: 'kept as it is', username, password, handle: `${username}@${lease.lease_id}` }
  await logins.write(firstLogin)
  const { clientId, clientSecret } = await server.registerByHand()
  const firstClient = { client_id: clientId, client_secret: clientSecret, handle: clientId }
  await clients.write(firstClient)
  const { address, caFile, rotatorRoleId } = addresses.vault
  const auth = { roleId: rotatorRoleId, secretIdFile: 'rotator-secret-id' }
  const { postgres, ...base } = database.base
  const roles = ['ledger', 'intake', 'work']
  world = await startWorld({
    processes: [roles, roles],
    stores: [
      { id: 'vault-kv', kind: 'vault-kv', address, caFile, auth },
      { ...base, auth, role, endsSessions: true, postgres: { ...postgres, probeUrlFile: 'postgres-probe-url' } },
      {
        id: 'mcp-clients',
        kind: 'oauth-clients',
        issuer: server.issuer,
        initialAccessTokenFile: database.file(server.initialAccessToken),
      },
    ],
    overrides: {
      secrets: [
        {
          id: 'logins',
          tenant: 'acme',
          keeper: { store: 'vault-kv', name: logins.name, fields: { value: 'password' } },
          issuer: { store: base.id, kind: 'database.login', lifeMs: 86_400_000 },
          maxAgeMs: 3_600_000,
          ...quick,
        },
        {
          id: 'clients',
          tenant: 'acme',
          keeper: { store: 'vault-kv', name: clients.name, fields: { value: 'client_secret' } },
          issuer: { store: 'mcp-clients', kind: 'oauth.client' },
          ...quick,
        },
      ],
    },
  })
  const login = async (data: Data) => (await tryDatabaseLogin(addresses, data.username ?? '', data.password ?? '')).seen
  const client = (data: Data) => server.use(data.client_id ?? '', data.client_secret ?? '')
  all.set('a dynamic role', {
    store: base.id,
    value: 'password',
    kept: logins,
    byHand: firstLogin,
    endOfByHand: { seen: 'refused', outcome: 'verified' },
    use: login,
  })
  all.set('OAuth clients', {
    store: 'mcp-clients',
    value: 'client_secret',
    kept: clients,
    byHand: firstClient,
    endOfByHand: { seen: 'accepted', outcome: 'impossible' },
    use: client,
  })
})
afterAll(async () => {
  for (const { kept } of all.values()) await kept.close()
  await world?.close()
  await server?.close()
  await database?.close()
})

const receiptsOf = async (store: string) => [...(await world.receipts()).values()].filter(one => one.store === store)

describe.each(['a dynamic role', 'OAuth clients'])('%s behind one secret', name => {
  it(`no call of its client fails through ${rotations} scheduled rotations, and each old version is refused afterwards`, async () => {
    const { kept, use, store, value, byHand, endOfByHand } = all.get(name) as Standing
    const consumer = startConsumer({
      read: async () => JSON.stringify(await kept.read()),
      use: key => use(JSON.parse(key)),
      callsPerSecond: 10,
      pollMs: 200,
    })
    await until(`${rotations} rotations`, () => consumer.seen.size > rotations, { withinMs: 150_000, everyMs: 200 })
    await consumer.close()
    const { counts, seen } = consumer
    process.stdout.write(`${name}: rotations ${seen.size - 1}, calls ${counts.calls}, failed ${counts.failed}\n`)
    expect(counts.failed).toBe(0)
    const versions = [...seen].map(one => JSON.parse(one) as Data)
    const handles = versions.map(one => one.handle)
    // The last one may be replaced meanwhile, and the one before be in its overlap.
    for (const old of versions.slice(0, -2))
      if (old.handle !== byHand.handle) expect(await use(old), 'an old version').toBe('refused')
    expect(await use(byHand), 'what was there before').toBe(endOfByHand.seen)
    const receipts = await until('a receipt of what was there before and of each old version', async () => {
      const found = await receiptsOf(store)
      const settled = new Set(found.map(one => one.handle))
      return [byHand.handle, ...handles.slice(0, -2)].every(handle => settled.has(handle ?? '')) && found
    })
    expect(receipts.find(one => one.handle === byHand.handle)).toMatchObject({ outcome: endOfByHand.outcome })
    for (const { handle, outcome, cause, evidence } of receipts) {
      if (handle === byHand.handle) continue
      // Reserved by a process that another one overtook: no consumer ever read it.
      const isStray = cause === 'rolled_back' && !handles.includes(handle)
      expect({ outcome, cause, evidence }).toEqual(
        isStray
          ? { outcome: 'verified', cause, evidence: expect.stringMatching(/^(used|target)$/) }
          : { outcome: 'verified', cause: 'rotated', evidence: 'used' },
      )
    }
    expect(JSON.stringify(await receiptsOf(store))).not.toContain(versions[1]?.[value] ?? 'nothing')
  }, 200_000)

  it('a leak of the current value: refused within the bound, with a receipt, and the client works with the next one', async () => {
    const { kept, use, store, value } = all.get(name) as Standing
    const leaked = (await kept.read()) ?? {}
    const at = Date.now()
    await world.emitter.emit('curfew.leak.detected', {
      sealed: await seal(world.config, leaked[value] ?? ''),
      source: 'test',
    })
    await until('refused', async () => (await use(leaked)) === 'refused', { withinMs: 60_000 })
    expect(Date.now() - at).toBeLessThan(world.config.bounds.rotationMs)
    const next = (await kept.read()) ?? {}
    expect(await use(next)).toBe('accepted')
    const cid = credentialId(store, leaked.handle ?? '')
    const receipt: Receipt = await until('its receipt', async () =>
      (await receiptsOf(store)).find(({ credential }) => credential === cid),
    )
    expect(receipt).toMatchObject({ outcome: 'verified', evidence: 'used', handle: leaked.handle })
    const said = `${world.output()}${JSON.stringify(await receiptsOf(store))}`
    for (const one of [leaked, next]) expect(said).not.toContain(one[value])
  }, 120_000)
})
