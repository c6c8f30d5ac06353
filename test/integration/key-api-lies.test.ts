import { randomBytes } from 'node:crypto'
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { Credential, Store } from '../../services/pipeline/ports.ts'
import { type HostileKeys, startHostileKeys } from '../support/hostile-keys.ts'
import type { Lies } from '../support/hostile-keys-world.ts'
import { hostilePreset, keyStores } from '../support/key-stores.ts'
import { sharedStack } from '../support/stack.ts'
import { until } from '../support/until.ts'

const plenty = { calls: 5_000, perSeconds: 1 }
const quick = { login: plenty, tokens: plenty, door: plenty }

let redisUrl: string
let product: HostileKeys
let stores: ReturnType<typeof keyStores>
beforeAll(async () => {
  redisUrl = (await sharedStack()).addresses.redisUrl
})
beforeEach(async () => {
  product = await startHostileKeys()
  stores = keyStores(redisUrl, 'hostile-keys')
})
afterEach(async () => {
  await stores.close()
  await product.close()
})

const configured = (more: Record<string, unknown> = {}) => {
  const { account, address, doorUrl } = product
  const named = { presetFile: hostilePreset, address, door: doorUrl, budgets: quick, lockout: false, timeoutMs: 500 }
  return stores.config(account, { ...named, ...more })
}
/** A key that was seen alive at the door: what Curfew knows of it before its end. */
const seenAlive = async (store: Store, handle: string, value: string): Promise<Credential> => {
  const credential = stores.sealed(handle, value)
  const probe = await until('it is seen alive', async () => {
    const one = await store.probe(credential, 'kill')
    return one.state === 'alive' && one
  })
  return { ...credential, seenAt: Date.now(), witnesses: probe.witnesses ?? [] }
}
const issued = () => {
  const { grant, values } = product.issue()
  return { handle: grant.handle, value: values[0] ?? '' }
}

const lies: Record<string, Partial<Lies>> = {
  'a revocation that is answered 204 and does nothing': { revokeWithoutEffect: true },
  'the same, and the list says revoked': { revokeWithoutEffect: true, listSaysRevoked: true },
  'a revocation that is queued': { queuedMs: 300 },
  'a revocation that is done and answered 500 "try again"': { revokeSaysTryAgain: true },
  'a list that says it later': { listLagMs: 300 },
  'a door that says 403 of living keys': { doorSays: 403 },
  'a door that says 404 of living keys': { doorSays: 404 },
  'a door that says 429': { doorSays: 429, doorSaysTo: 'everybody' },
  'a door that says "access denied" in a JSON-RPC 200': { doorSays: 'access denied' },
  'a door that refuses everybody': { doorSays: 'refuse-everybody', revokeWithoutEffect: true },
  'a door that accepts everybody': { doorSays: 'accept-everybody' },
  'a list with a page missing': { listHidesLiving: 'a-page', revokeWithoutEffect: true },
  'a list that moves while it is read': { listShrinksWhilePaging: true, revokeWithoutEffect: true },
  'revoked rows that vanish': { dropsRows: true, revokeWithoutEffect: true },
  'an administrator who lost the right': { ownerOnly: true },
  'a page of HTML with 200': { html: true },
  'a product that never answers': { hang: 'nothing-done' },
  'a product that does it and never answers': { hang: 'done' },
  'a login that is never accepted': { loginUseless: true },
}

describe('a hostile key product: dead is never said of a key that opens', () => {
  it.each(Object.entries(lies))('%s', async (_, lie) => {
    const store = stores.open(configured())
    product.issueMany(60)
    const { handle, value } = issued()
    const credential = await seenAlive(store, handle, value)
    if (lie.loginUseless) product.lies.loginLost = true
    Object.assign(product.lies, lie)
    const said: string[] = []
    for (let attempt = 0; attempt < 4; attempt += 1) {
      said.push((await store.revoke(credential, 'kill')).state)
      const opens = product.opens(handle)
      const probe = await store.probe(credential, 'kill')
      said.push(probe.state)
      if (probe.state === 'dead') expect(opens, `${said}`).toBe(false)
    }
    // It tells the truth again: now it dies, and that is proven.
    Object.assign(product.lies, await honest())
    const row = product.world.keys.get(handle)
    if (row && lie.listSaysRevoked) delete row.saidRevokedAtMs
    const proven = async () => {
      await store.revoke(credential, 'kill')
      return (await store.probe(credential, 'kill')).state === 'dead'
    }
    await until('it is dead', proven)
    expect(product.opens(handle)).toBe(false)
  })
})

const honest = async (): Promise<Lies> => {
  const other = await startHostileKeys()
  await other.close()
  return { ...other.lies, doorSays: undefined, hang: undefined }
}

describe('a hostile key product, one lie at a time', () => {
  it('a key that the list hides is not called dead: the list counts more than it shows', async () => {
    const store = stores.open(configured({ door: undefined }))
    const { handle, value } = issued()
    const credential = await seenAlive(store, handle, value)
    product.lies.listHidesLiving = [handle]
    const probe = await store.probe(credential, 'kill')
    expect(probe).toMatchObject({
      state: 'unknown',
      problem: { detail: expect.stringMatching(/counts 1 keys and shows 0/) },
    })
  })

  it('"no such key" from an account that is not shown it is not its death', async () => {
    const one = stores.open(configured())
    const { handle, value } = issued()
    await seenAlive(one, handle, value)
    const { address, other } = product
    const stranger = stores.open(stores.config(other, { presetFile: hostilePreset, address, budgets: quick }))
    expect(await stranger.probe({ kind: 'api.key', handle, seenAt: 1, witnesses: [] }, 'kill')).toMatchObject({
      state: 'unknown',
    })
    expect(await stranger.revoke({ kind: 'api.key', handle }, 'kill')).toMatchObject({ state: 'failed' })
    expect(product.opens(handle)).toBe(true)
  })

  it.each(['..', '.', '../all', 'a/../b', 'x?y', '', '%2e%2e'])(
    'a handle that leads elsewhere is refused: %j',
    async handle => {
      const store = stores.open(configured())
      expect(store.impossible({ kind: 'api.key', handle })).toBe("the handle is not the token's id")
    },
  )

  it('all keys are read, though the product gives fewer at a time than it is asked for', async () => {
    const store = stores.open(configured({ door: undefined }))
    const oldest = issued()
    product.issueMany(120)
    const probe = await store.probe({ kind: 'api.key', handle: oldest.handle }, 'kill')
    expect(probe.state).toBe('alive')
    const lists = product.world.calls.filter(call => call.path.includes('/admin/all'))
    expect(lists.map(call => new URL(call.path, 'http://x').searchParams.get('offset'))).toEqual(['0', '49', '98'])
  })

  it('one pass over the list serves everybody who waits for it', async () => {
    const store = stores.open(configured({ door: undefined }))
    const handles = product.issueMany(40).map(one => one.grant.handle)
    product.lies.slowMs = 40
    // As workers do: who cannot wait asks again.
    const notBefore = Date.now()
    const seen = async (handle: string) =>
      (await store.probe({ kind: 'api.key', handle, notBefore }, 'kill')).state === 'alive'
    await Promise.all(handles.map(handle => until('it is seen', () => seen(handle))))
    expect(product.world.calls.filter(call => call.path.includes('/admin/all')).length).toBeLessThan(4)
  })

  it('a look from before the step is never the proof', async () => {
    const store = stores.open(configured({ door: undefined }))
    const { handle } = issued()
    const stepped = { kind: 'api.key', handle, notBefore: Date.now() + 60_000 } as const
    expect((await store.probe({ ...stepped, notBefore: 0 }, 'kill')).state).toBe('alive')
    // Of a moment that has not come yet there is no look.
    expect(await store.probe(stepped, 'kill')).toMatchObject({ state: 'unknown', problem: { code: 'throttled' } })
  })

  it('workers of several processes share one login, and it is made again once when it is lost', async () => {
    const config = configured({ door: undefined })
    const shared = [1, 2, 3].map(() => stores.open(config, `shared-${product.address}`))
    const { handle } = issued()
    const asked = () =>
      Promise.all(
        shared.map(store =>
          until('it is seen', async () => (await store.probe({ kind: 'api.key', handle }, 'kill')).state === 'alive'),
        ),
      )
    await asked()
    const logins = () => product.world.calls.filter(call => call.path === '/v1/login').length
    expect(logins()).toBe(1)
    product.lies.loginLost = true
    await asked()
    expect(logins()).toBe(2)
  })

  it('the shared login lies in Redis only sealed', async () => {
    const store = stores.open(configured({ door: undefined }), 'sealed-login')
    await until(
      'it is seen',
      async () => (await store.probe({ kind: 'api.key', handle: issued().handle }, 'kill')).state === 'alive',
    )
    const { Redis } = await import('ioredis')
    const redis = new Redis(redisUrl)
    const [name = ''] = await redis.keys('sealed-login:login:hostile-keys:*')
    const kept = await redis.get(name)
    await redis.quit()
    const [session = ''] = product.world.sessions.keys()
    expect(kept).toMatch(/^s1\./)
    expect(Buffer.from(kept?.slice(3) ?? '', 'base64url').includes(Buffer.from(session))).toBe(false)
  })

  it('a login is another one for another account or address: what one was shown the other was not', async () => {
    const prefix = `accounts-${product.address}`
    const { address, other } = product
    const { handle } = issued()
    const one = stores.open(configured({ door: undefined }), prefix)
    await until('it is seen', async () => (await one.probe({ kind: 'api.key', handle }, 'kill')).state === 'alive')
    const named = { presetFile: hostilePreset, address, budgets: quick, lockout: false }
    const stranger = stores.open(stores.config(other, named), prefix)
    expect(await stranger.probe({ kind: 'api.key', handle }, 'kill')).toMatchObject({ state: 'unknown' })
    expect(product.world.calls.filter(call => call.path === '/v1/login')).toHaveLength(2)
    const elsewhere = await startHostileKeys()
    const moved = stores.open(configured({ address: elsewhere.address, door: undefined }), prefix)
    await moved.probe({ kind: 'api.key', handle }, 'kill')
    // Its first call there is a login: no session of the old address is sent to the new one.
    expect(elsewhere.world.calls[0]?.path).toBe('/v1/login')
    await elsewhere.close()
  })

  it('a key that was rolled in place is dead only when none of its values opens', async () => {
    const store = stores.open(configured())
    const [one, two] = [issued(), issued()]
    const credential = await seenAlive(store, one.handle, one.value)
    // The product says that the key is revoked, and its other value still opens.
    await store.revoke(credential, 'kill')
    const rolled = {
      ...credential,
      sealed: [...(credential.sealed ?? []), ...(stores.sealed(one.handle, two.value).sealed ?? [])],
    }
    expect(await store.probe(rolled, 'kill')).toMatchObject({ state: 'alive', evidence: 'used' })
    expect(await store.probe(credential, 'kill')).toMatchObject({ state: 'dead', evidence: 'used' })
  })

  it('a value that cannot be opened is not silently left out: the door is not asked, so nothing is proven', async () => {
    const store = stores.open(configured())
    const { handle, value } = issued()
    const credential = await seenAlive(store, handle, value)
    const foreign = { ...credential, sealed: (credential.sealed ?? []).map(blob => blob.replace(/^s1/, 's9')) }
    expect(await store.probe(foreign, 'kill')).toMatchObject({
      state: 'unknown',
      problem: { detail: expect.stringContaining('not in the ring') },
    })
  })

  it('a refused login is not repeated at once, by no process', async () => {
    const { account, address } = product
    const wrong = stores.config(
      { ...account, password: randomBytes(8).toString('hex') },
      {
        presetFile: hostilePreset,
        address,
        budgets: quick,
      },
    )
    const several = [1, 2, 3].map(() => stores.open(wrong, `wrong-${address}`))
    for (let i = 0; i < 3; i += 1)
      for (const store of several)
        expect(await store.revoke({ kind: 'api.key', handle: issued().handle }, 'kill')).toMatchObject({
          state: 'failed',
          problem: { code: 'permission', detail: expect.stringContaining('/v1/login') },
        })
    expect(product.world.calls.filter(call => call.path === '/v1/login')).toHaveLength(1)
  })

  it('a key is issued under a name of its own and found again by it; whole days are rounded up', async () => {
    const store = stores.open(configured())
    const made = await store.issue?.({ name: 'throw-away-1', lifeMs: 3_600_000 })
    if (!made || 'problem' in made) throw new Error('not issued')
    expect(made.expiresAt).toBeGreaterThan(Date.now() + 23 * 3_600_000)
    expect(await store.named?.('throw-away-1')).toEqual([made.handle])
    expect(await store.issue?.({ name: 'throw-away-1', lifeMs: 1 })).toMatchObject({ problem: { code: 'protocol' } })
    await store.revoke({ kind: 'api.key', handle: made.handle }, 'kill')
    expect(await store.named?.('throw-away-1')).toEqual([])
  })

  it('an unanswered issue left a key behind: it is found by its name', async () => {
    const store = stores.open(configured({ door: undefined }))
    await until(
      'logged in',
      async () => (await store.probe({ kind: 'api.key', handle: issued().handle }, 'kill')).state === 'alive',
    )
    product.lies.hang = 'done'
    expect(await store.issue?.({ name: 'unanswered', lifeMs: 1_000 })).toMatchObject({ problem: { code: 'timeout' } })
    product.lies.hang = undefined
    expect(await store.named?.('unanswered')).toHaveLength(1)
  })
})
