import { expect, it } from 'vitest'
import { secretConfig } from '../../schemas/secrets.ts'
import type { Store } from '../../services/pipeline/ports.ts'
import type { kvCalls } from '../../services/stores/vault-kv/kv-calls.ts'
import { kvKeeper } from '../../services/stores/vault-kv/kv-keeper.ts'
import { type RotationWork, rotationWork } from '../support/rotation-work.ts'
import { until } from '../support/until.ts'

/** Found by a colleague who attacked the machine: each left consumers with a dead value, or a leaked value alive. */
type Kv = ReturnType<typeof kvCalls>
type Key = { value: string; name: string; alive: boolean }

const fakeKv = () => {
  const paths = new Map<string, Record<string, unknown>[]>()
  const destroyed = new Set<number>()
  const latest = (path: string) => {
    const all = paths.get(path) ?? []
    return { version: all.length, data: all.at(-1) ?? {} }
  }
  const hooks = { beforeWrite: (_path: string): Promise<void> => Promise.resolve() }
  const kv: Kv = {
    read: path => Promise.resolve(latest(path)),
    write: async (path, data, cas) => {
      await hooks.beforeWrite(path)
      if (latest(path).version !== cas) return { conflict: true }
      paths.set(path, [...(paths.get(path) ?? []), data])
      return { version: cas + 1 }
    },
    readable: path =>
      Promise.resolve({ versions: (paths.get(path) ?? []).map((_, i) => i + 1).filter(n => !destroyed.has(n)) }),
    destroy: (_path, versions) => {
      for (const version of versions) destroyed.add(version)
      return Promise.resolve({})
    },
    remove: path => Promise.resolve({ removed: paths.delete(path) }),
  }
  return { kv, hooks, latest }
}

const fakeIssuer = () => {
  const keys = new Map<string, Key>()
  const make = (name: string) => {
    const handle = `k${keys.size + 1}`
    const value = `value-of-${handle}`
    keys.set(handle, { value, name, alive: true })
    return { handle, value }
  }
  const accepts = (value: string) => [...keys.values()].some(key => key.value === value && key.alive)
  const door = { broken: false }
  const store: Store = {
    id: 'iss',
    role: 'issuer',
    propagationMs: 0,
    survives: () => [],
    impossible: () => undefined,
    probe: ({ handle }) => Promise.resolve({ state: keys.get(handle)?.alive ? 'alive' : 'dead', evidence: 'target' }),
    revoke: ({ handle }) => {
      const key = keys.get(handle)
      if (key) key.alive = false
      return Promise.resolve({ state: 'claimed' })
    },
    use: value => Promise.resolve({ state: !door.broken && accepts(value) ? 'accepted' : 'refused' }),
    issue: ({ name }) => Promise.resolve(make(name)),
    named: name => Promise.resolve([...keys].filter(([, key]) => key.name === name && key.alive).map(([id]) => id)),
    close: () => Promise.resolve(),
  }
  return { store, make, accepts, door }
}

const openWorld = async (overlapMs = 0) => {
  const secret = secretConfig.parse({
    id: 'one',
    tenant: 'acme',
    keeper: { store: 'kv', name: 'a' },
    issuer: { store: 'iss', kind: 'api.key' },
    overlapMs,
  })
  const kept = fakeKv()
  const issuer = fakeIssuer()
  const keeper: Store = { ...issuer.store, id: 'kv', role: 'keeper', keeper: kvKeeper(kept.kv, '-staged') }
  const first = issuer.make('first')
  await kept.kv.write('a', { ...first }, 0)
  const stores = new Map([
    ['iss', issuer.store],
    ['kv', keeper],
  ])
  const sealing = { seal: () => ({ id: 's1', blob: 'x' }) }
  const work = rotationWork({ secret, stores, sealing, recheckMs: 500 })
  await until('the first version was seen alive', async () => {
    await work.turn()
    const [version] = work.view().versions
    return version && (await work.parts().projection.load(version.cid))?.seenAt
  })
  const current = () => String(kept.latest('a').data.value)
  return { ...kept, ...issuer, work, first: first.value, current }
}

const gate = () => {
  let open: () => void = () => undefined
  const opened = new Promise<void>(resolve => {
    open = resolve
  })
  return { opened, open: () => open() }
}
const allEnded = (work: RotationWork) => work.view().rotations.every(rotation => rotation.ended)
const finishes = (work: RotationWork) =>
  until('all have ended', async () => {
    await work.turn(work.another())
    return allEnded(work)
  })

it('two processes in the same promotion: whoever comes second finds that it is done', async () => {
  const world = await openWorld()
  const { work, hooks } = world
  work.request('by hand')
  const gates = [gate(), gate()]
  let writes = 0
  hooks.beforeWrite = async path => {
    if (path === 'a') await gates[writes++]?.opened
  }
  const one = work.turn(work.another())
  await until('the first one writes', () => writes === 1)
  const two = work.turn(work.another())
  await until('the second one writes', () => writes === 2)
  for (const [at, running] of [one, two].entries()) {
    gates[at]?.open()
    await running
  }
  await finishes(work)
  expect(world.accepts(world.current())).toBe(true)
  expect(world.accepts(world.first)).toBe(false)
})

it('a promotion whose answer was lost and that lands late is not taken for somebody else’s write', async () => {
  const world = await openWorld()
  const { work, kv } = world
  work.request('by hand')
  const write = kv.write
  let late: (() => Promise<unknown>) | undefined
  let times = 0
  kv.write = async (path, data, cas) => {
    if (path !== 'a' || ++times > 2) return write(path, data, cas)
    if (times === 1) {
      late = () => write(path, data, cas)
      return { problem: { code: 'timeout', detail: 'no answer in time', retryAfterMs: 1 } }
    }
    await late?.()
    return write(path, data, cas)
  }
  await finishes(work)
  expect(world.accepts(world.current())).toBe(true)
})

// A refusal of the new value is waited out for 5 s.
it('a promotion that is under way when the rotation is rolled back changes nothing', { timeout: 30_000 }, async () => {
  const world = await openWorld()
  const { work, hooks, door } = world
  work.request('by hand')
  const stands = gate()
  let writes = 0
  hooks.beforeWrite = async path => {
    if (path === 'a' && ++writes === 1) await stands.opened
  }
  const late = work.turn(work.another())
  await until('it is about to promote', () => writes === 1)
  door.broken = true
  await finishes(work)
  door.broken = false
  stands.open()
  await late
  await work.turn()
  expect(world.current()).toBe(world.first)
  expect(world.accepts(world.first)).toBe(true)
})

it('a value that was replaced and is put back by hand is replaced again', async () => {
  const world = await openWorld(1_000)
  const { work, latest, kv } = world
  const before = latest('a').data
  work.request('by hand')
  await until('it is promoted', async () => {
    await work.turn()
    return world.current() !== world.first
  })
  await kv.write('a', before, latest('a').version)
  await until('consumers have a working value again', async () => {
    await work.turn()
    return allEnded(work) && !world.accepts(world.first) && world.accepts(world.current())
  })
  expect(work.view().rotations).toHaveLength(2)
})
