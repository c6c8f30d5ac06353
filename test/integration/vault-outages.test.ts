import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { StackControl } from '../../infra/stack/start-stack.ts'
import { sharedStack } from '../support/stack.ts'
import { until } from '../support/until.ts'
import { databaseClient, type VaultWorld, vaultWorld } from '../support/vault-world.ts'

describe('Vault and its database away and back', () => {
  let stack: StackControl
  let world: VaultWorld
  beforeAll(async () => {
    stack = await sharedStack()
  }, 300_000)
  beforeEach(async () => {
    await world?.close()
    world = await vaultWorld(stack.addresses)
  })
  afterAll(async () => world?.close())

  const dropAtTheDatabase = async (role: string) => {
    const { adminUser, adminPassword } = stack.addresses.postgres
    const client = databaseClient(stack.addresses, adminUser, adminPassword)
    await client.connect()
    await client.query(`drop role "${role}"`)
    await client.end()
  }

  test('killed: unknown and failed; back: the same store goes on and kills', async () => {
    const store = world.open({ timeoutMs: 1_000 })
    const [token, secretId] = [await world.token(), await world.secretId()]
    expect((await store.probe(token.credential, 'kill')).state).toBe('alive')
    await stack.stop('vault')
    try {
      for (const { credential } of [token, secretId]) {
        expect(await store.probe(credential, 'kill')).toMatchObject({ state: 'unknown' })
        expect(await store.revoke(credential, 'kill')).toMatchObject({ state: 'failed' })
      }
    } finally {
      await stack.start('vault')
    }
    for (const issued of [token, secretId]) {
      expect(await issued.opens()).toBe(true)
      expect(await store.revoke(issued.credential, 'kill')).toEqual({ state: 'claimed' })
      expect(await store.probe(issued.credential, 'kill')).toMatchObject({ state: 'dead' })
      expect(await issued.opens()).toBe(false)
    }
  }, 60_000)

  test('frozen: the answer is a timeout, in time', async () => {
    const store = world.open({ timeoutMs: 500 })
    const { credential } = await world.token()
    expect((await store.probe(credential, 'kill')).state).toBe('alive')
    await stack.pause('vault')
    try {
      const started = performance.now()
      expect(await store.revoke(credential, 'kill')).toMatchObject({ state: 'failed', problem: { code: 'timeout' } })
      expect(performance.now() - started).toBeLessThan(1_500)
    } finally {
      await stack.resume('vault')
    }
    await until('revoked', async () => (await store.revoke(credential, 'kill')).state === 'claimed')
  }, 60_000)

  test('sealed: a login at the database lives on and is said to be alive; gone there, it is dead all the same', async () => {
    const store = world.open()
    const [lease, token] = [await world.lease(), await world.token()]
    expect((await store.probe(lease.credential, 'kill')).state).toBe('alive')
    await world.admin.call('POST', 'sys/seal')
    try {
      const sealed = { code: 'sealed' }
      expect(await store.probe(token.credential, 'kill')).toMatchObject({ state: 'unknown', problem: sealed })
      expect(await store.revoke(lease.credential, 'kill')).toMatchObject({ state: 'failed', problem: sealed })
      expect(await lease.opens()).toBe(true)
      expect(await store.probe(lease.credential, 'kill')).toEqual({ state: 'alive', evidence: 'target' })
      await dropAtTheDatabase(lease.credential.target ?? '')
      expect(await store.probe(lease.credential, 'kill')).toEqual({ state: 'dead', evidence: 'target' })
    } finally {
      // The static seal opens itself at a start.
      await stack.kill('vault')
      await stack.ready('vault')
    }
    expect((await store.probe(token.credential, 'kill')).state).toBe('alive')
  }, 60_000)

  test('the database away: the step fails as backend, nothing is dead; back: revoked and proven', async () => {
    const store = world.open()
    const lease = await world.lease()
    const gone = await world.lease()
    await store.revoke(gone.credential, 'kill')
    await stack.stop('postgres')
    try {
      const step = await store.revoke(lease.credential, 'kill')
      expect(step).toMatchObject({ state: 'failed' })
      expect(['backend', 'timeout']).toContain(step.state === 'failed' && step.problem.code)
      expect((await store.probe(lease.credential, 'kill')).state).not.toBe('dead')
      // Vault knows nothing of it any more, and the database cannot be asked.
      expect((await store.probe(gone.credential, 'kill')).state).toBe('unknown')
    } finally {
      await stack.start('postgres')
    }
    expect(await lease.opens()).toBe(true)
    await until('revoked', async () => (await store.revoke(lease.credential, 'kill')).state === 'claimed')
    expect(await store.probe(lease.credential, 'kill')).toEqual({ state: 'dead', evidence: 'target' })
    expect(await lease.opens()).toBe(false)
  }, 90_000)

  test('the database frozen: unknown, in time', async () => {
    const store = world.open({ targets: world.config.targets.map(target => ({ ...target, timeoutMs: 500 })) })
    const { credential } = await world.lease()
    await store.revoke(credential, 'kill')
    await stack.pause('postgres')
    try {
      const started = performance.now()
      expect(await store.probe(credential, 'kill')).toMatchObject({ state: 'unknown', problem: { code: 'timeout' } })
      expect(performance.now() - started).toBeLessThan(3_000)
    } finally {
      await stack.resume('postgres')
    }
    await until('proven', async () => (await store.probe(credential, 'kill')).state === 'dead')
  }, 60_000)
})
