import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { SampleCredential } from '../../infra/sample/issuer.ts'
import { type OtherStores, openOtherStores } from '../../infra/sample/other-stores.ts'
import type { Watched } from '../../infra/sample/prober.ts'
import { percentiles } from '../../infra/start/percentiles.ts'
import { credentialId } from '../../services/pipeline/ids.ts'
import { expectAlive, expectDead } from '../support/expect-dead.ts'
import { sharedStack } from '../support/stack.ts'
import { until } from '../support/until.ts'
import { startWorld, type World } from '../support/world.ts'

let world: World
let others: OtherStores
const folder = mkdtempSync(join(tmpdir(), 'curfew-every-store-'))
beforeAll(async () => {
  const { addresses } = await sharedStack()
  others = await openOtherStores(addresses, folder)
  world = await startWorld({ stores: others.stores, overrides: { work: { concurrency: 16 } } })
})
afterAll(async () => {
  await world?.close()
  await others?.close()
  rmSync(folder, { recursive: true })
})

const storeOf = ({ credential }: Watched) => credential.grant.store ?? 'vault-local'
/** A session with a credential in every store, inside one task; all seen alive. */
const openSession = async (session: string) => {
  await world.emitter.emit('curfew.session.started', { session })
  const made = [
    await world.issuer.token(),
    await world.issuer.databaseLogin(),
    await world.issuer.secretId(),
    await others.oauthToken(),
    await others.oauth.issueRefreshToken(),
    await others.mcpKey(),
    await others.secret(session),
  ]
  const held = await Promise.all(made.map(one => world.handOut(session, one, { task: 't' })))
  await until('all were seen alive', async () => (await world.redis.zcard(world.key('at:probe'))) === 0)
  return held
}
/** Keys of the same task, all seen alive by Curfew. Not watched: sixty more would make the prober itself the load. */
const crowdOf = async (session: string, size: number): Promise<SampleCredential[]> => {
  if (size === 0) return []
  const made = await Promise.all(Array.from({ length: size }, () => others.mcpKey()))
  for (const one of made) await world.grant(session, one, { task: 't' })
  await until('the crowd is known', async () => (await world.redis.scard(world.key('credentials'))) >= size)
  await until('all were seen alive', async () => (await world.redis.zcard(world.key('at:probe'))) === 0)
  return made
}
const finish = (session: string) =>
  world.emitter.emit('curfew.task.finished', { session, task: 't', result: 'completed' })
/** Dead by the prober and by the receipt, inside the bound and its window; the lag in ms. */
const lagsOf = async (held: Watched[]) => {
  const receipts = await Promise.all(held.map(one => expectDead(world, one, 'task_finished', 60_000)))
  return receipts.map(one => (one.deadSince ?? 0) - one.dueAt)
}
const p50 = (lags: number[]) => percentiles(lags)?.p50 ?? 0
let undisturbed: number[] = []

it('a finished task: every credential, in every store, is refused within its bound; what another task holds is untouched', async () => {
  const held = await openSession('calm')
  const neighbours = await Promise.all(
    [await world.issuer.token(), await others.oauthToken(), await others.mcpKey(), await others.secret('calm')].map(
      one => world.handOut('calm', one, { task: 'other' }),
    ),
  )
  // The first deaths of cold processes are slower: they are not what the others are compared with.
  const warm = await openSession('warm')
  await finish('warm')
  await lagsOf(warm)
  await finish('calm')
  undisturbed = await lagsOf(held)
  const shown = held.map((one, i) => `${one.credential.grant.kind} ${undisturbed[i]} ms`)
  process.stdout.write(`undisturbed: ${shown.join(', ')}\n`)
  for (const one of neighbours) await expectAlive(one)
  for (const one of [...held, ...warm, ...neighbours]) world.prober.release(one)
})

const blackHoles: Record<string, { hold(): Promise<void> | void; release(): Promise<void> | void; waits: string[] }> = {
  'vault-local': {
    hold: () => world.stack.pause('vault'),
    release: () => world.stack.resume('vault'),
    waits: ['vault-local'],
  },
  'oauth-local': { hold: () => others.oauth.hold(), release: () => others.oauth.release(), waits: ['oauth-local'] },
  // A secret is verified when what it holds is: an MCP key here.
  'mcp-keys': {
    hold: () => others.keys.holdApi(),
    release: () => others.keys.releaseApi(),
    waits: ['mcp-keys', 'aws-local'],
  },
  'aws-local': { hold: () => world.stack.pause('aws'), release: () => world.stack.resume('aws'), waits: ['aws-local'] },
}

it.each(Object.entries(blackHoles))(
  '%s takes calls and answers none: the others die in their usual lag, this one is listed, and dies after it returns',
  async (store, hole) => {
    const session = `silent-${store}`
    const crowded = store === 'mcp-keys' ? 60 : 0
    const usual = crowded > 0 ? await undisturbedWith(crowded) : undisturbed
    const held = await openSession(session)
    const crowd = await crowdOf(session, crowded)
    const waiting = held.filter(one => hole.waits.includes(storeOf(one)))
    const free = held.filter(one => !waiting.includes(one))
    await hole.hold()
    try {
      await finish(session)
      const lags = await lagsOf(free)
      const ratio = p50(lags) / p50(usual)
      process.stdout.write(
        `${store} silent: ${lags.length} others p50 ${p50(lags)} ms, undisturbed ${p50(usual)} ms, ratio ${ratio.toFixed(2)}\n`,
      )
      expect(ratio, 'others, against the undisturbed run').toBeLessThan(5)
      for (const one of waiting)
        expect(one.refusedFirst === undefined || storeOf(one) === 'aws-local', one.name).toBe(true)
      const cids = waiting
        .filter(one => storeOf(one) === store)
        .map(one => credentialId(store, one.credential.grant.handle))
      const listed = async () => {
        const notes = await world.redis.hmget(world.key('notes'), ...cids)
        return notes.every(note => note !== null && /timeout|unreachable/.test(String(JSON.parse(note).blocked?.code)))
      }
      await until('each of its credentials is listed as blocked, with the reason', listed, { withinMs: 60_000 })
    } finally {
      await hole.release()
    }
    await Promise.all(waiting.map(one => expectDeadLate(one)))
    for (const one of crowd)
      await until('the crowd is refused', async () => (await one.use()) === 'refused', { withinMs: 60_000 })
    for (const one of held) world.prober.release(one)
  },
  180_000,
)

/** The same crowd at a product that answers: what is compared is the silence, not the load. */
const undisturbedWith = async (size: number): Promise<number[]> => {
  const held = await openSession('crowded')
  const crowd = await crowdOf('crowded', size)
  await finish('crowded')
  const lags = await lagsOf(held.filter(one => !['mcp-keys', 'aws-local'].includes(storeOf(one))))
  for (const one of crowd) await until('the crowd is refused', async () => (await one.use()) === 'refused')
  for (const one of held) world.prober.release(one)
  return lags
}

/** After an outage the bound does not hold; the proof does. */
const expectDeadLate = async (one: Watched) => {
  await until(`${one.name} is refused`, () => one.refusedFirst, { withinMs: 60_000 })
  const cid = credentialId(storeOf(one), one.credential.grant.handle)
  const receipt = await until(
    `${one.name} has its receipt`,
    async () => [...(await world.receipts()).values()].find(found => found.credential === cid),
    { withinMs: 60_000 },
  )
  expect(receipt, one.name).toMatchObject({ outcome: 'verified', cause: 'task_finished' })
  expect(one.acceptedLast ?? 0).toBeLessThanOrEqual((receipt.deadSince ?? 0) + 250)
}
