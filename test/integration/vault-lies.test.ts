import { afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import type { Credential, Store } from '../../services/pipeline/ports.ts'
import { sharedStack } from '../support/stack.ts'
import { until } from '../support/until.ts'
import { type LyingWorld, lyingWorld } from '../support/vault-lying-world.ts'

const token = (handle: string): Credential => ({ kind: 'vault.token', handle })

describe('a server that lies, refuses or stays silent (a stand-in)', () => {
  let redisUrl: string
  let world: LyingWorld
  beforeAll(async () => {
    redisUrl = (await sharedStack()).addresses.redisUrl
  }, 300_000)
  afterEach(async () => world?.close())
  const start = async (...given: Parameters<typeof lyingWorld> extends [string, ...infer Rest] ? Rest : never) => {
    world = await lyingWorld(redisUrl, ...given)
    return world
  }

  test('2xx without effect is a claim, and the probe goes on saying alive', async () => {
    const { vault, store } = await start({ revoke: 'without-effect' })
    const credential = token(vault.issue())
    expect(await store.revoke(credential, 'kill')).toEqual({ state: 'claimed' })
    expect(await store.probe(credential, 'kill')).toMatchObject({ state: 'alive' })
  })

  test('202 is queued: alive until it was done, dead after', async () => {
    const { vault, store } = await start({ revoke: 'queued', queuedMs: 300 })
    const credential = token(vault.issue())
    expect(await store.revoke(credential, 'kill')).toEqual({ state: 'queued' })
    expect(await store.probe(credential, 'kill')).toMatchObject({ state: 'alive' })
    await until('dead', async () => (await store.probe(credential, 'kill')).state === 'dead')
    expect(vault.opens(credential.handle)).toBe(false)
  })

  test('refused and then accepted again: each probe says what the door does at that moment', async () => {
    const { vault, store } = await start({ flicker: { fromMs: 300, toMs: 900 } })
    const credential = token(vault.issue())
    await store.revoke(credential, 'kill')
    expect((await store.probe(credential, 'kill')).state).toBe('dead')
    await until('accepted again', async () => (await store.probe(credential, 'kill')).state === 'alive')
    await until('dead for good', async () => (await store.probe(credential, 'kill')).state === 'dead')
  })

  test('the token never follows a redirect to another host', async () => {
    const elsewhere = await lyingWorld(redisUrl)
    const { vault, store } = await start({ redirectTo: elsewhere.vault.address })
    const result = await store.probe(token(vault.issue()), 'kill')
    expect(result).toMatchObject({ state: 'unknown', problem: { code: 'protocol' } })
    expect(elsewhere.vault.world.calls).toEqual([])
    await elsewhere.close()
  })

  test('sealed, silent and oversized answers are unknown, with their code', async () => {
    const { vault, store } = await start({}, { timeoutMs: 300 })
    const credential = token(vault.issue())
    expect((await store.probe(credential, 'kill')).state).toBe('alive')
    vault.lies.sealed = true
    expect(await store.probe(credential, 'kill')).toMatchObject({ state: 'unknown', problem: { code: 'sealed' } })
    expect(await store.revoke(credential, 'kill')).toMatchObject({ state: 'failed', problem: { code: 'sealed' } })
    // Right after a step the proof is asked for: sealed is still called sealed.
    expect(await store.probe(credential, 'kill')).toMatchObject({ state: 'unknown', problem: { code: 'sealed' } })
    vault.lies.sealed = false
    vault.lies.padding = 70_000
    expect(await store.probe(credential, 'kill')).toMatchObject({ state: 'unknown', problem: { code: 'protocol' } })
    vault.lies.slowMs = 1_000
    const started = performance.now()
    expect(await store.probe(credential, 'kill')).toMatchObject({ state: 'unknown', problem: { code: 'timeout' } })
    expect(performance.now() - started).toBeLessThan(900)
  })

  test('what a standby refuses proves nothing', async () => {
    const { vault, store } = await start({ standby: true })
    const credential = token(vault.issue())
    await store.revoke(credential, 'kill')
    const result = await store.probe(credential, 'kill')
    expect(result).toMatchObject({ state: 'unknown', problem: { code: 'protocol' } })
  })

  test('a proof is taken on a connection that nobody used before', async () => {
    const { vault, store } = await start()
    const credential = token(vault.issue())
    expect((await store.probe(credential, 'kill')).state).toBe('alive')
    await store.revoke(credential, 'kill')
    const before = vault.world.connections
    expect((await store.probe(credential, 'kill')).state).toBe('dead')
    expect(vault.world.connections).toBe(before + 1)
  })

  test('many calls at once share one login', async () => {
    const { vault, store } = await start()
    await Promise.all(Array.from({ length: 20 }, () => store.probe(token(vault.issue()), 'kill')))
    expect(vault.world.calls.filter(path => path === 'auth/approle/login')).toHaveLength(1)
  })

  test('a login is renewed before its end', async () => {
    const { vault, store } = await start({ loginSeconds: 1 })
    await store.probe(token(vault.issue()), 'kill')
    const renewals = () => vault.world.calls.filter(path => path === 'auth/token/renew-self').length
    await until('renewed twice', () => renewals() >= 2)
    expect((await store.probe(token(vault.issue()), 'kill')).state).toBe('alive')
    expect(vault.world.calls.filter(path => path === 'auth/approle/login')).toHaveLength(1)
  })

  test('a lost login is loud, made again, and the call is answered', async () => {
    const { vault, store, events } = await start()
    const credential = token(vault.issue())
    await store.probe(credential, 'kill')
    vault.loseLogins()
    expect((await store.probe(credential, 'kill')).state).toBe('alive')
    expect(events.map(event => event.event)).toEqual([
      'store_session_opened',
      'store_session_lost',
      'store_session_opened',
    ])
  })

  test('a refused login is permission, loud, and not repeated at once', async () => {
    const { vault, store, events } = await start({ refuseLogin: true })
    const probes = await Promise.all([1, 2, 3].map(() => store.probe(token('x'), 'kill')))
    for (const probe of [...probes, await store.probe(token('x'), 'kill')])
      expect(probe).toMatchObject({ state: 'unknown', problem: { code: 'permission' } })
    expect(vault.world.calls).toEqual(['auth/approle/login'])
    expect(events).toMatchObject([{ level: 'error', event: 'store_session_lost', store: 'lying' }])
  })

  test("node-vault's environment variables have no effect", async () => {
    vi.stubEnv('VAULT_TOKEN', 's.from-the-environment')
    vi.stubEnv('VAULT_PREFIX', '/elsewhere')
    vi.stubEnv('VAULT_ADDR', 'http://127.0.0.1:9')
    const { vault, store } = await start()
    vi.unstubAllEnvs()
    expect((await store.probe(token(vault.issue()), 'kill')).state).toBe('alive')
    expect([...vault.world.sent]).toEqual([...vault.world.logins])
  })

  test("the pipeline's own login is never revoked", async () => {
    const { vault, store } = await start()
    await store.probe(token(vault.issue()), 'kill')
    expect(await store.revoke(token('own'), 'kill')).toMatchObject({ state: 'failed', problem: { code: 'permission' } })
    expect(vault.world.calls).not.toContain('auth/token/revoke-accessor')
  })

  test('the stand-in does lock out a caller that takes no care', async () => {
    const { vault } = await start({ callsPerSecond: 100, lockout: { at: 5, windowMs: 2_000 } })
    await Promise.all(Array.from({ length: 110 }, () => fetch(`${vault.address}/v1/sys/leader`).then(a => a.text())))
    expect(vault.world.lockedOut).toBe(true)
  })

  test('60 revocations at once by two processes: no lockout after the fifth 429, and all are dead', async () => {
    const lockout = { strikes: 5, windowMs: 2_000 }
    const lies = { callsPerSecond: 100, lockout: { at: 5, windowMs: 2_000 } }
    const { vault, store, open } = await start(lies, {
      budget: { callsPerSecond: 300, burst: 50, inFlight: 32, lockout },
    })
    const stores = [store, open()]
    const handles = Array.from({ length: 60 }, () => vault.issue())
    await Promise.all(handles.map((handle, n) => kill(stores[n % 2] ?? store, token(handle))))
    expect(vault.world.tooMany.length).toBeGreaterThan(0)
    expect(vault.world.lockedOut).toBe(false)
    expect(handles.filter(handle => vault.opens(handle))).toEqual([])
  }, 60_000)
})

/** Probe, step, probe, as the pipeline does: throttled means later. */
const kill = async (store: Store, credential: Credential) => {
  for (;;) {
    const before = await store.probe(credential, 'kill')
    if (before.state === 'dead') return
    const step = before.state === 'alive' ? await store.revoke(credential, 'kill') : undefined
    const problem =
      before.state === 'unknown' ? before.problem : step?.state === 'failed' ? step.problem : { retryAfterMs: 0 }
    await new Promise(resolve => setTimeout(resolve, problem.retryAfterMs ?? 50))
  }
}
