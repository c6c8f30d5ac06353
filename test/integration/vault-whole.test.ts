import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { sharedStack } from '../support/stack.ts'
import { until } from '../support/until.ts'
import { databaseClient, type VaultWorld, vaultWorld } from '../support/vault-world.ts'

describe('Vault whole, on the real server and the real database', () => {
  let world: VaultWorld
  beforeAll(async () => {
    world = await vaultWorld((await sharedStack()).addresses)
  }, 300_000)
  afterAll(async () => world?.close())

  test('child tokens and leases that hang on a token die with it, at the target too', async () => {
    const store = world.open()
    const parent = await world.token({ policies: ['sample-issuer', 'agent'] })
    const child = await world.token({}, parent.value)
    const lease = await world.lease(parent.value)
    for (const issued of [parent, child, lease]) expect(await issued.opens()).toBe(true)
    expect(await store.revoke(parent.credential, 'kill')).toEqual({ state: 'claimed' })
    // The server ends the leases of a token a little later than the token: each is proven where it is enforced.
    for (const { credential } of [parent, child, lease])
      await until('dead', async () => (await store.probe(credential, 'kill')).state === 'dead')
    expect(await store.probe(lease.credential, 'kill')).toEqual({ state: 'dead', evidence: 'target' })
    for (const issued of [parent, child, lease]) expect(await issued.opens()).toBe(false)
  })

  test('a session that was open when its login was dropped is ended', async () => {
    const { addresses } = await sharedStack()
    const lease = await world.lease()
    const session = databaseClient(addresses, lease.credential.target ?? '', lease.value)
    let ended = false
    session.on('error', () => {
      ended = true
    })
    await session.connect()
    await session.query('select * from door')
    await world.open().revoke(lease.credential, 'kill')
    await until('the open session ended', () => ended)
    await session.end().catch(() => undefined)
  })

  test('a login that Vault has forgotten but the database still accepts is alive', async () => {
    const { postgres } = (await sharedStack()).addresses
    const store = world.open()
    const lease = await world.lease()
    // Forced: the lease is gone at Vault whatever the database says, here because Vault may not reach it by that name.
    const admin = databaseClient((await sharedStack()).addresses, postgres.adminUser, postgres.adminPassword)
    await admin.connect()
    const name = `left-${Date.now()}`
    await admin.query(`create role "${name}" login password 'left-behind'`)
    try {
      await store.revoke(lease.credential, 'kill')
      const forgotten = { ...lease.credential, target: name }
      expect(await store.probe(forgotten, 'kill')).toEqual({ state: 'alive', evidence: 'target' })
    } finally {
      await admin.query(`drop role "${name}"`)
      await admin.end()
    }
  })

  test('without a target in the config, only the issuer can say that a lease is dead', async () => {
    const store = world.open({ targets: [] })
    const lease = await world.lease()
    expect(store.impossible(lease.credential)).toBeUndefined()
    await store.revoke(lease.credential, 'kill')
    expect(await store.probe(lease.credential, 'kill')).toEqual({ state: 'dead', evidence: 'issuer' })
  })

  test('a secret id whose time is over is dead before the server has tidied it away', async () => {
    const store = world.open()
    const { body } = await world.admin.call('POST', 'auth/approle/role/agent/secret-id', { ttl: '1s' })
    const made = body.data as { secret_id_accessor: string; secret_id: string }
    const credential = { kind: 'vault.approle-secret-id', handle: `agent/${made.secret_id_accessor}` } as const
    expect((await store.probe(credential, 'kill')).state).toBe('alive')
    await until('its time over', async () => (await store.probe(credential, 'kill')).state === 'dead')
    expect(await world.door.appRole(made.secret_id)).toBe(false)
  })

  test('what cannot be revoked or proven says so at once', () => {
    const store = world.open()
    const why = (
      kind: 'vault.token' | 'vault.lease' | 'vault.approle-secret-id' | 'vault.batch-token',
      handle: string,
    ) => store.impossible({ kind, handle })
    expect(why('vault.batch-token', 'any')).toBe('a batch token cannot be revoked')
    expect(why('vault.lease', 'database/creds/app/x')).toMatch(/names no `target`/)
    expect(why('vault.lease', 'auth/approle/login/x')).toMatch(/register the token by its accessor/)
    expect(why('vault.lease', 'pki/issue/web/x')).toBeUndefined()
    for (const handle of ['agent', '../curfew/x', 'agent/../curfew', 'a/b/c', 'agent/', '/x', 'agent/x?y'])
      expect(why('vault.approle-secret-id', handle)).toMatch(/not <role>/)
    expect(why('vault.token', '../sys/seal')).toMatch(/not a token accessor/)
  })

  test('a store in a namespace logs in, revokes and proves there', async () => {
    const namespace = await namespaceWithTokens(world)
    const store = world.open({ id: 'vault-namespaced', namespace: namespace.name, auth: namespace.auth })
    const credential = { kind: 'vault.token', handle: namespace.accessor } as const
    expect(await store.probe(credential, 'kill')).toEqual({ state: 'alive', evidence: 'target' })
    expect(await store.revoke(credential, 'kill')).toEqual({ state: 'claimed' })
    expect(await store.probe(credential, 'kill')).toEqual({ state: 'dead', evidence: 'target' })
  })

  test('a lost login is made again and told', async () => {
    const store = world.open({ id: 'vault-lost' })
    const { credential } = await world.token()
    expect((await store.probe(credential, 'kill')).state).toBe('alive')
    const own = await newestLogin(world)
    await world.admin.call('POST', 'auth/token/revoke-accessor', { accessor: own })
    expect((await store.probe(credential, 'kill')).state).toBe('alive')
    const told = world.events.filter(event => JSON.stringify(event).includes('"vault-lost"'))
    expect(told).toMatchObject([
      { event: 'store_session_opened' },
      { event: 'store_session_lost', level: 'error', problem: { code: 'permission' } },
      { event: 'store_session_opened' },
    ])
  })

  test('a store closes its own login', async () => {
    const store = world.open({ id: 'vault-closing' })
    await store.probe((await world.token()).credential, 'kill')
    const own = await newestLogin(world)
    await store.close()
    const lookup = await world.admin.call('POST', 'auth/token/lookup-accessor', { accessor: own })
    expect(lookup.status).toBe(400)
  })
})

/** A namespace with a login for the pipeline and one token. */
const namespaceWithTokens = async ({ admin, file }: VaultWorld) => {
  const name = `test-${Date.now()}`
  const done = async (path: string, body: unknown = {}) => {
    const answer = await admin.call('POST', path, body)
    if (answer.status >= 300) throw new Error(`${path} answered ${answer.status} ${JSON.stringify(answer.body.errors)}`)
    return answer.body
  }
  const right = (path: string) => `path "${path}" { capabilities = ["update"] }`
  const policy = [right('auth/token/lookup-accessor'), right('auth/token/revoke-accessor')].join('\n')
  const role = `${name}/auth/approle/role/curfew`
  await done(`sys/namespaces/${name}`)
  await done(`${name}/sys/policies/acl/curfew`, { policy })
  await done(`${name}/sys/auth/approle`, { type: 'approle' })
  await done(role, { token_policies: ['curfew'], token_ttl: 600 })
  const roleId = (await admin.call('GET', `${role}/role-id`)).body.data as { role_id: string }
  const secret = (await done(`${role}/secret-id`)).data as { secret_id: string }
  const token = (await done(`${name}/auth/token/create`, { policies: ['default'], no_parent: true })).auth
  return {
    name,
    accessor: (token as { accessor: string }).accessor,
    auth: { mount: 'approle', roleId: roleId.role_id, secretIdFile: await file('namespaced', secret.secret_id) },
  }
}

/** The accessor of the youngest AppRole login. */
const newestLogin = async ({ admin }: VaultWorld): Promise<string> => {
  const { body } = await admin.call('GET', 'auth/token/accessors?list=true')
  const logins: { accessor: string; issue_time: string }[] = []
  for (const accessor of (body.data as { keys: string[] }).keys) {
    const token = (await admin.call('POST', 'auth/token/lookup-accessor', { accessor })).body.data
    const found = token as { path: string; accessor: string; issue_time: string } | undefined
    if (found?.path === 'auth/approle/login') logins.push(found)
  }
  logins.sort((a, b) => (a.issue_time < b.issue_time ? 1 : -1))
  return logins[0]?.accessor ?? ''
}
