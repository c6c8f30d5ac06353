import { expect, it } from 'vitest'
import { secretConfig } from '../../schemas/secrets.ts'
import type { Keeper } from '../../services/pipeline/keeper-port.ts'
import type { Store } from '../../services/pipeline/ports.ts'
import { rotationWork } from '../support/rotation-work.ts'
import { until } from '../support/until.ts'

const secret = secretConfig.parse({
  id: 'one',
  tenant: 'acme',
  keeper: { store: 'keeper', name: 'x', native: true },
  issuer: { store: 'issuer', kind: 'api.key' },
  overlapMs: 0,
})

// As a login with a user's name: whose value it is must be said with each use.
it("a store's own rotation that broke off is rolled back also where a use needs the name of the user", async () => {
  const living = new Map([
    ['old-user', 'old'],
    ['new-user', 'new'],
  ])
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
    use: async (value, _, handle) => {
      if (handle === undefined) return { state: 'unknown', problem: { code: 'protocol', detail: 'whose is it?' } }
      return { state: living.get(handle) === value ? 'accepted' : 'refused' }
    },
    close: async () => undefined,
  }
  let staged = true
  const keeper: Keeper = {
    read: async () => ({
      current: { keeperVersion: '1', value: 'old', handle: 'old-user' },
      ...(staged ? { staged: { keeperVersion: '2', value: 'new', handle: 'new-user' } } : {}),
    }),
    stage: async () => ({ conflict: true }),
    unstage: async () => {
      staged = false
      return {}
    },
    promote: async () => ({ conflict: true }),
    retire: async () => ({ retired: [] }),
    native: () => ({
      start: async () => ({}),
      progress: async () => (staged ? { state: 'failed', reason: 'it did not finish' } : { state: 'idle' }),
    }),
  }
  const stores = new Map<string, Store>([
    ['issuer', issuer],
    ['keeper', { ...issuer, id: 'keeper', role: 'keeper', keeper }],
  ])
  const work = rotationWork({ secret, stores, sealing: { seal: cid => ({ id: cid, blob: 'sealed' }) } })
  await until('the first version is known', async () => {
    await work.turn()
    return work.view().versions.length > 0
  })
  const rotation = work.request('by hand')
  const ended = await until('it has ended', async () => {
    await work.turn()
    return work.view().rotations.find(one => one.rotation === rotation)?.ended
  })
  expect(ended).toMatchObject({ result: 'rolled_back', reason: 'it did not finish' })
  expect([...living.keys()], 'what the store left is revoked').toEqual(['old-user'])
})
