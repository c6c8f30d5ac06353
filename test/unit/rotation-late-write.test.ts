import { expect, it } from 'vitest'
import { secretConfig } from '../../schemas/secrets.ts'
import type { Problem } from '../../services/pipeline/errors.ts'
import type { Keeper, KeptVersion, NewVersion } from '../../services/pipeline/keeper-port.ts'
import type { Store } from '../../services/pipeline/ports.ts'
import { rotationWork } from '../support/rotation-work.ts'
import { until } from '../support/until.ts'

const secret = secretConfig.parse({
  id: 'one',
  tenant: 'acme',
  keeper: { store: 'keeper', name: 'x' },
  issuer: { store: 'issuer', kind: 'api.key' },
  overlapMs: 0,
})
const lost: Problem = { code: 'timeout', detail: 'no answer in time', retryAfterMs: 10 }

/** An issuer whose keys die at once, in memory. */
const keyIssuer = () => {
  const living = new Map([['h-first', 'first']])
  const named = new Map<string, string>()
  const issuer: Store = {
    id: 'issuer',
    role: 'issuer',
    propagationMs: 0,
    survives: () => [],
    impossible: () => undefined,
    probe: async ({ handle }) => ({ state: living.has(handle) ? 'alive' : 'dead', evidence: 'target' }),
    revoke: async ({ handle }) => {
      living.delete(handle)
      return { state: 'claimed' }
    },
    use: async value => ({ state: [...living.values()].includes(value) ? 'accepted' : 'refused' }),
    issue: async ({ name }) => {
      const handle = `h-${name}`
      living.set(handle, `v-${name}`)
      named.set(name, handle)
      return { handle, value: `v-${name}` }
    },
    named: async name => [...named].filter(([one, handle]) => one === name && living.has(handle)).map(([, one]) => one),
    close: async () => undefined,
  }
  return { issuer, living }
}

/** One version for a rotation, written only once, as at AWS; the first `late` writes are answered never and land with the next one. */
const onceKeeper = (late: { writes: number; landsAt: 'stage' | 'read' }) => {
  const current: KeptVersion = { keeperVersion: 'first', value: 'first', handle: 'h-first' }
  let staged: KeptVersion | undefined
  let pending: NewVersion | undefined
  const versionOf = ({ rotation, attempt, value, handle }: NewVersion) => ({
    keeperVersion: rotation,
    value,
    handle,
    rotation: `${rotation}.${attempt}`,
  })
  const land = () => {
    if (pending) staged = versionOf(pending)
    pending = undefined
  }
  const keeper: Keeper = {
    read: async () => {
      if (late.landsAt === 'read' && late.writes === 0) land()
      return { current, staged }
    },
    stage: async (_, version) => {
      if (late.writes > 0) {
        late.writes -= 1
        pending ??= version
        return { problem: lost }
      }
      land()
      if (staged && staged.rotation !== versionOf(version).rotation) return { conflict: true }
      staged = versionOf(version)
      return { keeperVersion: version.rotation }
    },
    unstage: async () => {
      staged = undefined
      return {}
    },
    promote: async () => ({ problem: { code: 'backend', detail: 'nothing may be promoted here' } }),
    retire: async () => ({ retired: [] }),
  }
  return {
    store: { ...keyIssuer().issuer, id: 'keeper', role: 'keeper', keeper } satisfies Store,
    staged: () => staged,
  }
}

it.each([
  ['when the next attempt writes', { writes: 1, landsAt: 'stage' }, 'holds what an earlier attempt issued'],
  ['when it is looked at again', { writes: 2, landsAt: 'read' }, 'was revoked already'],
] as const)(
  'a version of an attempt whose key was ended lands late, %s: it is rolled back, and only the old key lives',
  async (_, late, reason) => {
    const { issuer, living } = keyIssuer()
    const keeper = onceKeeper({ ...late })
    const stores = new Map<string, Store>([
      ['issuer', issuer],
      ['keeper', keeper.store],
    ])
    const sealing = { seal: (cid: string) => ({ id: cid, blob: 'sealed' }) }
    const work = rotationWork({ secret, stores, sealing })
    await until('the first version is known', async () => {
      await work.turn()
      return work.view().versions.length > 0
    })
    const rotation = work.request('by hand')
    const ended = await until('it has ended', async () => {
      await work.turn()
      return work.view().rotations.find(one => one.rotation === rotation)?.ended
    })
    expect(ended).toMatchObject({ result: 'rolled_back', reason: expect.stringContaining(reason) })
    expect([...living.keys()]).toEqual(['h-first'])
    expect(keeper.staged()).toBeUndefined()
  },
)
