import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { status as statusSchema } from '../../schemas/status.ts'
import { type HostileKeys, startHostileKeys } from '../support/hostile-keys.ts'
import { hostilePreset } from '../support/key-stores.ts'
import { seal } from '../support/seal.ts'
import { until } from '../support/until.ts'
import { startWorld, twoOfEach, type World } from '../support/world.ts'

/**
 * A minute of the product: what takes an hour at its own pace takes one minute here, with the same budget, lockout and order. By
 * hand at its own pace: CURFEW_TEST_MINUTE_MS=60000.
 */
const minuteMs = Number(process.env.CURFEW_TEST_MINUTE_MS ?? 1_000)
const keys = 1_000
const within = (minutes: number) => ({ withinMs: Math.max(30_000, minutes * minuteMs) })
const leaked = 30
let product: HostileKeys
let world: World
const dir = mkdtempSync(join(tmpdir(), 'curfew-slow-keys-'))
beforeAll(async () => {
  product = await startHostileKeys()
  writeFileSync(join(dir, 'password'), product.account.password)
  const perSeconds = minuteMs / 1_000
  world = await startWorld({
    processes: [...twoOfEach, ['api']],
    stores: [
      {
        id: 'hostile-keys',
        kind: 'key-api',
        presetFile: hostilePreset,
        address: product.address,
        parameters: { email: product.account.email },
        secrets: { password: { file: join(dir, 'password') } },
        // Of 30: the rest is for people.
        budgets: { tokens: { calls: 27, perSeconds }, login: { calls: 8, perSeconds } },
        lockout: { strikes: 5, windowSeconds: perSeconds },
        propagationMs: 0,
      },
    ],
  })
  Object.assign(product.lies, {
    budget: { tokens: 30, login: 10, door: 100, minuteMs },
    lockout: { strikes: 5, lockMs: 15 * minuteMs },
  })
})
afterAll(async () => {
  await world?.close()
  await product?.close()
  rmSync(dir, { recursive: true })
})

const status = async () => {
  const { url, token } = JSON.parse(
    await (await import('node:fs/promises')).readFile(join(world.dir, 'api.json'), 'utf8'),
  )
  const answer = await fetch(`${url}/v1/status`, { headers: { authorization: `Bearer ${token}` } })
  return statusSchema.parse(await answer.json())
}
const ofStore = async () => (await status()).stores.find(one => one.store === 'hostile-keys')
const died = () => product.world.revokedOrder.length

it(
  '1,000 keys behind 30 calls a minute: never locked out, leaks first, and the expected finish is said from the start',
  async () => {
    const session = 'many-keys'
    await world.emitter.emit('curfew.session.started', { session })
    const made = product.issueMany(keys)
    const found = made.slice(keys / 2, keys / 2 + leaked)
    for (const one of made) {
      const sealed = found.includes(one) ? { sealed: [await seal(world.config, one.values[0] ?? '')] } : {}
      await world.grant(session, one, sealed)
    }
    await until('all were seen alive', async () => (await world.redis.zcard(world.key('at:probe'))) === 0, within(90))

    const startedAt = Date.now()
    await world.emitter.emit('curfew.session.ended', { session })
    const first = await until('the expected finish is said', async () => {
      const said = await ofStore()
      return said?.expectedFinishAt !== undefined && said.alivePastDue > keys / 2 && said
    })
    expect(died(), 'said while nearly all live').toBeLessThan(keys / 5)
    const saidMs = (first.expectedFinishAt ?? 0) - startedAt

    await until('the killing is under way', () => died() > 100, within(30))
    const sealed = await Promise.all(found.map(one => seal(world.config, one.values[0] ?? '')))
    await Promise.all(sealed.map(one => world.emitter.emit('curfew.leak.detected', { sealed: one, source: 'test' })))
    // The order is the budget's, from the moment when the leaks are known: how long a busy machine takes to read them is not.
    await until(
      'the leaks are known',
      async () => (await world.redis.zcard(world.key('at:leak'))) + dead(found) >= leaked,
      {
        ...within(60),
        everyMs: 10,
      },
    )
    const before = died()
    await until('the leaked ones are dead', () => dead(found) === leaked, { ...within(60), everyMs: 10 })
    const order = product.world.revokedOrder.slice(before)
    const isFound = new Set(found.map(one => one.grant.handle))
    const others = order.slice(0, order.findLastIndex(id => isFound.has(id)) + 1).filter(id => !isFound.has(id)).length
    process.stdout.write(`leaks: ${leaked} died while ${others} others did, of ${keys - before}\n`)
    expect(others, 'others that died since the leaks were known').toBeLessThan(2 * leaked)

    await until('all are dead', () => died() === keys, { ...within(200), everyMs: 200 })
    const tookMs = Date.now() - startedAt
    process.stdout.write(`1,000 keys: said ${saidMs} ms, took ${tookMs} ms, ratio ${(tookMs / saidMs).toFixed(2)}\n`)
    expect(tookMs / saidMs, 'the finish that was said').toBeLessThan(2)
    expect(product.world.lockedOut).toBe(false)
    await until('every death is proven', async () => ((await ofStore())?.outstanding ?? 1) === 0, within(60))
    const calls = product.world.calls.filter(call => call.where === 'api')
    process.stdout.write(`calls: ${calls.length}, of them 429: ${calls.filter(call => call.status === 429).length}\n`)
  },
  400 * minuteMs,
)

const dead = (found: { grant: { handle: string } }[]) => found.filter(one => !product.opens(one.grant.handle)).length
