import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { StackControl } from '../../infra/stack/start-stack.ts'
import type { Issued, IssueRequest, Store } from '../../services/pipeline/ports.ts'
import { type DatabaseWorld, databaseWorld } from '../support/database-world.ts'
import { lyingRotations } from '../support/lying-rotations.ts'
import { rotationWork } from '../support/rotation-work.ts'
import { sharedStack } from '../support/stack.ts'
import { until } from '../support/until.ts'

let stack: StackControl
let world: DatabaseWorld
beforeAll(async () => {
  stack = await sharedStack()
  world = await databaseWorld(stack.addresses)
}, 120_000)
afterAll(() => world?.close())

const day = 86_400_000
const pair = async (statements?: string[]) => {
  const [a, b] = [await world.role(statements), await world.role(statements)]
  const { handle, username } = await world.current(a)
  const current: IssueRequest['current'] = { handle, fields: { username, host: 'db' } }
  return { a, b, current, store: world.open({ alternating: [[a, b]] }) }
}
const issue = async (store: Store, current: IssueRequest['current'], lifeMs = day) =>
  store.issue?.({ name: 'r.1', lifeMs, current })
const made = async (...given: Parameters<typeof issue>): Promise<Issued> => {
  const issued = await issue(...given)
  if (!issued || 'problem' in issued) throw new Error(JSON.stringify(issued))
  return issued
}
const last = async (role: string) => (await world.creds(role)).last_vault_rotation

describe('two users that take turns', () => {
  it('the one that is not in use gets a new password, and the one in use keeps its own', async () => {
    const { a, b, current, store } = await pair()
    const before = await world.creds(a)
    const issued = await made(store, current)
    expect(issued.handle).toBe(`${b}@${await last(b)}`)
    expect(issued.fields).toEqual({ username: (await world.creds(b)).username })
    expect(await store.use?.(issued.value, 'kill', issued.handle)).toEqual({ state: 'accepted' })
    expect(await store.use?.('a word that nobody issued', 'kill', issued.handle)).toEqual({ state: 'refused' })
    expect(await world.opens(before.username, before.password)).toBe(true)
  })

  it('two rotations within a second differ, and the first one is dead', async () => {
    const { b, current, store } = await pair()
    const [one, two] = [await made(store, current), await made(store, current)]
    expect(one.handle).not.toBe(two.handle)
    expect(await store.probe(world.credential(one.handle, one.value), 'kill')).toMatchObject({ state: 'dead' })
    expect(await store.probe(world.credential(two.handle, two.value), 'kill')).toMatchObject({ state: 'alive' })
    expect(await store.revoke(world.credential(one.handle, one.value), 'kill')).toEqual({ state: 'claimed' })
    expect(`${b}@${await last(b)}`, 'an old handle never ends its successor').toBe(two.handle)
  })

  it('where it cannot be told which one is in use, nothing is rotated', async () => {
    const { a, b, current, store } = await pair()
    const other = (await world.creds(b)).username
    const before = [await last(a), await last(b)]
    const untold: IssueRequest['current'][] = [
      undefined,
      { fields: current?.fields },
      { handle: 'another-role@x' },
      { handle: current?.handle, fields: { username: other } },
      { handle: current?.handle, fields: { user: 'in another field' } },
    ]
    for (const one of untold) expect(await issue(store, one)).toMatchObject({ problem: { code: 'protocol' } })
    expect([await last(a), await last(b)]).toEqual(before)
  })

  it('a role that Vault rotates sooner, or whose statements end no session as declared, is not issued', async () => {
    const { a, b, current } = await pair([`ALTER ROLE "{{name}}" WITH PASSWORD '{{password}}'`])
    const before = await last(b)
    const store = world.open({ alternating: [[a, b]] })
    const ending = world.open({ alternating: [[a, b]], endsSessions: true })
    expect(JSON.stringify(await issue(store, current, 366 * day * 11))).toContain('longer than lifeMs')
    expect(JSON.stringify(await issue(ending, current))).toContain('end no session')
    expect(await last(b)).toBe(before)
  })
})

describe('the end of a password', () => {
  it('asked for by four at once, Vault and PostgreSQL still agree afterwards', async () => {
    const role = await world.role()
    const stores = [1, 2, 3, 4].map(() => world.open({ single: [role] }))
    const { handle, password, username } = await world.current(role)
    const steps = await Promise.all(stores.map(store => store.revoke(world.credential(handle, password), 'kill')))
    expect(steps).toContainEqual({ state: 'claimed' })
    expect(await world.opens(username, password)).toBe(false)
    const now = await world.creds(role)
    expect(await world.opens(now.username, now.password), 'what Vault has is what PostgreSQL takes').toBe(true)
  })

  it('a password that Vault does not know by that mark is ended as long as PostgreSQL takes it', async () => {
    const role = await world.role()
    const store = world.open({ single: [role] })
    const { password, username } = await world.current(role)
    const adopted = world.credential(`${role}@first`, password)
    expect(await store.revoke(adopted, 'kill')).toEqual({ state: 'claimed' })
    expect(await world.opens(username, password)).toBe(false)
    const after = await last(role)
    expect(await store.revoke(adopted, 'kill')).toEqual({ state: 'claimed' })
    expect(await last(role)).toBe(after)
  })

  it('no session survives, also of a client that reconnects all the time', async () => {
    const role = await world.role()
    const store = world.open({ single: [role], endsSessions: true })
    expect(store.survives(world.credential(`${role}@x`, 'x'))).toEqual([])
    for (let round = 0; round < 5; round += 1) {
      const { handle, password, username } = await world.current(role)
      const sessions: { end(): Promise<void> }[] = []
      let ended = false
      const hostile = async () => {
        while (!ended)
          await world.session(username, password).then(
            one => sessions.push(one),
            () => undefined,
          )
      }
      const loops = [1, 2, 3].map(hostile)
      await until('it has sessions', () => sessions.length > 3)
      expect(await store.revoke(world.credential(handle, password), 'kill')).toEqual({ state: 'claimed' })
      ended = true
      await Promise.all(loops)
      const open = await world.asAdmin(client =>
        client.query('select count(*)::int as n from pg_stat_activity where usename = $1', [username]),
      )
      expect(open.rows[0]).toEqual({ n: 0 })
      for (const one of sessions) await one.end().catch(() => undefined)
    }
  })

  it('a user that may not log in, or is gone, is dead; one that has too many sessions says nothing', async () => {
    const role = await world.role()
    const store = world.open({ single: [role] })
    const { handle, password, username } = await world.current(role)
    const credential = world.credential(handle, password)
    const alter = (how: string) => world.asAdmin(client => client.query(how))
    await alter(`alter role "${username}" connection limit 0`)
    expect(await store.probe(credential, 'kill')).toMatchObject({ state: 'unknown' })
    await alter(`alter role "${username}" connection limit -1 nologin`)
    expect(await store.probe(credential, 'kill')).toMatchObject({ state: 'dead', evidence: 'used' })
    await alter(`drop role "${username}"`)
    expect(await store.probe(credential, 'kill')).toMatchObject({ state: 'dead', evidence: 'used' })
  })
})

describe('lies', () => {
  it('"rotated" is not believed while the last rotation is the same one', async () => {
    const { a, b, current } = await pair()
    const { address, caFile } = stack.addresses.vault
    const proxy = await lyingRotations(address, caFile)
    const store = world.open({ address: proxy.address, alternating: [[a, b]] })
    proxy.lies.swallowRotations = true
    try {
      expect(await issue(store, current)).toMatchObject({ problem: { code: 'backend' } })
      const { handle, password } = await world.current(b)
      expect(await store.revoke(world.credential(handle, password), 'kill')).toMatchObject({ state: 'failed' })
      expect(await store.probe(world.credential(handle, password), 'kill')).toMatchObject({ state: 'alive' })
      expect(proxy.rotations()).toBe(2)
    } finally {
      await store.close()
      await proxy.close()
    }
  })

  it('a look that is too old lets nothing be rotated: the role may be in use since', async () => {
    const { a, b, current } = await pair()
    const { address, caFile } = stack.addresses.vault
    const proxy = await lyingRotations(address, caFile)
    const store = world.open({ address: proxy.address, alternating: [[a, b]] })
    proxy.lies.slowLookMs = 2_200
    try {
      expect(await issue(store, current)).toMatchObject({ problem: { code: 'timeout' } })
      expect(proxy.rotations()).toBe(0)
    } finally {
      await store.close()
      await proxy.close()
    }
  })
})

describe('one user alone', () => {
  const work = (role: string) => {
    const store = world.open({ single: [role] })
    const secret = world.secret(role)
    return { store, secret, run: rotationWork({ secret, stores: new Map([[store.id, store]]), sealing: world.seals }) }
  }
  const rotated = async ({ run }: ReturnType<typeof work>, trigger: string) => {
    const rotation = run.request(trigger)
    return until('the rotation has ended', async () => {
      await run.turn()
      return run.view().rotations.find(one => one.rotation === rotation)?.ended
    })
  }

  it('what Vault rotated by itself is known, ended, and has its receipt', async () => {
    const role = await world.role()
    const one = work(role)
    await until('the first one is known', async () => {
      await one.run.turn()
      return one.run.view().versions.length > 0
    })
    await world.admin.call('POST', `database/rotate-role/${role}`)
    const own = await world.current(role)
    expect((await rotated(one, 'by hand')).result).toBe('done')
    const version = one.run.view().versions.find(({ handle }) => handle === own.handle)
    expect(one.run.receiptOf(version?.cid ?? '')).toMatchObject({ outcome: 'verified' })
    expect(await world.opens(own.username, own.password)).toBe(false)
    const now = await world.creds(role)
    expect(await world.opens(now.username, now.password)).toBe(true)
  })

  it('a password that Vault tells and PostgreSQL never got is mended by one more rotation', async () => {
    const role = await world.role()
    const one = work(role)
    await until('the first one is known', async () => {
      await one.run.turn()
      return one.run.view().versions.length > 0
    })
    const twice = () => world.admin.call('POST', `database/rotate-role/${role}`)
    await until('Vault and PostgreSQL disagree', async () => {
      await Promise.all([twice(), twice(), twice(), twice()])
      const { username, password } = await world.creds(role)
      return !(await world.opens(username, password))
    })
    expect((await rotated(one, 'by hand')).result).toBe('done')
    const now = await world.creds(role)
    expect(await world.opens(now.username, now.password)).toBe(true)
  })
})

describe('away and back', () => {
  it('Vault down: nothing is issued or dead; a password whose user is known is still tried at PostgreSQL', async () => {
    const { a, b, current, store } = await pair()
    const { handle, password } = await world.current(a)
    const credential = world.credential(handle, password)
    expect(await store.probe(credential, 'kill')).toMatchObject({ state: 'alive' })
    const stranger = world.open({ alternating: [[a, b]] })
    await stack.stop('vault')
    try {
      expect(await issue(store, current)).toHaveProperty('problem')
      expect(await store.revoke(credential, 'kill')).toMatchObject({ state: 'failed' })
      expect(await store.probe(credential, 'kill')).toMatchObject({ state: 'alive' })
      expect(await stranger.probe(credential, 'kill')).toMatchObject({ state: 'unknown' })
    } finally {
      await stack.start('vault')
    }
    await until('issued again', async () => !('problem' in ((await issue(store, current)) ?? { problem: 1 })))
  }, 90_000)

  it('PostgreSQL down: unknown, never dead; back: issued, ended and proven', async () => {
    const { a, current, store } = await pair()
    const { handle, password, username } = await world.current(a)
    const credential = world.credential(handle, password)
    expect(await store.probe(credential, 'kill')).toMatchObject({ state: 'alive' })
    await stack.stop('postgres')
    try {
      expect(await store.probe(credential, 'kill')).toMatchObject({ state: 'unknown' })
      expect(await issue(store, current)).toHaveProperty('problem')
      expect(await store.revoke(credential, 'kill')).toMatchObject({ state: 'failed' })
    } finally {
      await stack.start('postgres')
    }
    expect(await world.opens(username, password), 'nothing was ended').toBe(true)
    await until('issued again', async () => !('problem' in ((await issue(store, current)) ?? { problem: 1 })))
    await until('ended', async () => (await store.revoke(credential, 'kill')).state === 'claimed')
    expect(await store.probe(credential, 'kill')).toMatchObject({ state: 'dead', evidence: 'used' })
    expect(await world.opens(username, password)).toBe(false)
  }, 90_000)
})
