import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type KeptSecret, keptSecret } from '../../infra/sample/kept-secret.ts'
import { secretConfig } from '../../schemas/secrets.ts'
import type { Store } from '../../services/pipeline/ports.ts'
import { type DatabaseWorld, databaseWorld } from '../support/database-world.ts'
import { type Fault, faults, faultyStores, type Operation } from '../support/faulty-stores.ts'
import { Killed, type RotationWork, rotationWork } from '../support/rotation-work.ts'
import { sharedStack } from '../support/stack.ts'
import { until } from '../support/until.ts'

/** Each step of a rotation of two alternating users, each fault at it, with a real Vault and a real PostgreSQL. */
const steps: [Operation, number][] = [
  ['keeper.read', 1],
  ['issuer.issue', 1],
  ['keeper.stage', 1],
  ['issuer.use', 1],
  ['issuer.use', 2],
  ['keeper.promote', 1],
  ['issuer.probe', 1],
  ['issuer.probe', 2],
  ['issuer.revoke', 1],
  ['issuer.probe', 3],
  ['keeper.retire', 1],
]
type Pair = { kept: KeptSecret; issuer: Store; secret: ReturnType<typeof secretConfig.parse>; first: string }

let world: DatabaseWorld
let keeper: Store
beforeAll(async () => {
  world = await databaseWorld((await sharedStack()).addresses)
  keeper = world.keeper()
})
afterAll(() => world?.close())

const pair = async (): Promise<Pair> => {
  const [a, b] = [await world.role(), await world.role()]
  const kept = await keptSecret((await sharedStack()).addresses, `rotated/${randomUUID()}`)
  const { username, password } = await world.creds(a)
  await kept.write({ username, password })
  const issuer = world.open({ alternating: [[a, b]] })
  const secret = secretConfig.parse({
    id: 'one',
    tenant: 'acme',
    keeper: { store: 'vault-kv', name: kept.name, fields: { value: 'password' } },
    issuer: { store: issuer.id, kind: 'database.password', firstHandle: `${a}@first`, lifeMs: 86_400_000 },
    overlapMs: 0,
  })
  return { kept, issuer, secret, first: `${username}:${password}` }
}

/** What consumers read, used as they use it. */
const inUse = async ({ kept }: Pair) => {
  const data = (await kept.read()) ?? {}
  return {
    login: `${data.username}:${data.password}`,
    works: await world.opens(data.username ?? '', data.password ?? ''),
  }
}
const opens = (login: string) => {
  const at = login.indexOf(':')
  return world.opens(login.slice(0, at), login.slice(at + 1))
}

const turn = async (work: RotationWork, one: Pair) => {
  try {
    await work.turn()
  } catch (error) {
    if (!(error instanceof Killed)) throw error
    work.restart()
  }
  expect((await inUse(one)).works, 'what consumers read works').toBe(true)
}

const runCell = async (one: Pair, at: Operation, nth: number, fault: Fault) => {
  const faulty = faultyStores(one.issuer, keeper, at, nth, fault)
  const work = rotationWork({ secret: one.secret, stores: faulty.stores, sealing: world.seals })
  await until('the first version is seen alive', async () => {
    await turn(work, one)
    const [version] = work.view().versions
    return version && (await work.parts().projection.load(version.cid))?.seenAt
  })
  const rotation = work.request('by hand')
  faulty.arm()
  const known = () => work.view().rotations.find(each => each.rotation === rotation)
  await until('the rotation has ended', async () => {
    await turn(work, one)
    return known()?.ended
  })
  expect(known()?.ended?.result).toBe('done')
  expect(faulty.happened(), 'the fault happened').toBe(true)
  const { login } = await inUse(one)
  expect(login).not.toBe(one.first)
  const user = async (handle: string) => (await world.creds(handle.split('@')[0] ?? '')).username
  const ever = [one.first]
  for (const { handle, value } of faulty.made) ever.push(`${await user(handle)}:${value}`)
  for (const old of ever.filter(each => each !== login)) expect(await opens(old), 'an old login').toBe(false)
  for (const { cid, superseded } of work.view().versions)
    expect(superseded === undefined || work.receiptOf(cid) !== undefined, 'each has its receipt').toBe(true)
  expect(await one.kept.staged(), 'staged').toBeUndefined()
  expect(await one.kept.readable(), 'readable versions').toHaveLength(1)
}

describe('two alternating users: whatever breaks at whatever step, consumers never read a login that does not work', () => {
  for (const [at, nth] of steps)
    it.each(faults)(`${at} ${nth}: %s`, async fault => {
      const one = await pair()
      await runCell(one, at, nth, fault).finally(() => one.kept.close())
    })
})
