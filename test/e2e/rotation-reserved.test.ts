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
  first: string
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
  await logins.write({ host: 'kept as it is', username, password, handle: `${username}@${lease.lease_id}` })
  const { clientId, clientSecret } = await server.registerByHand()
  await clients.write({ client_id: clientId, client_secret: clientSecret, handle: clientId })
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
  all.set('a dynamic role', { store: base.id, value: 'password', kept: logins, first: password, use: login })
  all.set('OAuth clients', {
    store: 'mcp-clients',
    value: 'client_secret',
    kept: clients,
    first: clientSecret,
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
    const { kept, use, store, value } = all.get(name) as Standing
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
    // The last one may be replaced meanwhile, and the one before be in its overlap.
    for (const old of versions.slice(1, -2)) expect(await use(old), 'an old version').toBe('refused')
    const byHand = await use(versions[0] ?? {})
    // Nobody kept what manages the client that was there before.
    expect(byHand).toBe(name === 'OAuth clients' ? 'accepted' : 'refused')
    const receipts = await until('a receipt of each old version', async () => {
      const verified = (await receiptsOf(store)).filter(
        ({ outcome, cause }) => outcome === 'verified' && cause === 'rotated',
      )
      return verified.length >= rotations - 2 ? verified : undefined
    })
    for (const receipt of receipts) expect(receipt).toMatchObject({ evidence: 'used', cause: 'rotated' })
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
