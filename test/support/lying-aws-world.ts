import { afterAll, beforeAll, beforeEach } from 'vitest'
import type { Credential, Store } from '../../services/pipeline/ports.ts'
import { awsStores } from './aws-world.ts'
import { type LyingAws, lyingAws } from './lying-aws.ts'
import { sharedStack } from './stack.ts'
import { until } from './until.ts'

export const standInKeys = { accessKeyId: 'AKIASTANDIN', secretAccessKey: 'of-the-stand-in' }
export const secretOf = (handle: string): Credential => ({ kind: 'aws.secret', handle })
export type LyingAwsWorld = {
  stores: Awaited<ReturnType<typeof awsStores>>
  aws: LyingAws
  /** With a timeout of 300 ms and a window of 400 ms. */
  store: Store
  /** `<operation> <result>` of each call that was counted. */
  counted: string[]
}

/** The store in front of the stand-in: one for the file, honest again and unthrottled before each test. */
export const useLyingAws = (): LyingAwsWorld => {
  const world = { counted: [] as string[] } as LyingAwsWorld
  beforeAll(async () => {
    world.stores = await awsStores((await sharedStack()).addresses.redisUrl)
    world.aws = await lyingAws()
    const base = { endpoint: world.aws.endpoint, timeoutMs: 300, propagationMs: 400 }
    world.store = await world.stores.open(standInKeys, base, (_, operation, result) =>
      world.counted.push(`${operation} ${result}`),
    )
  })
  afterAll(async () => {
    await world.stores?.close()
    await world.aws?.close()
  })
  beforeEach(async () => {
    const { aws, store, counted } = world
    for (const name of Object.keys(aws.lies)) delete aws.lies[name as keyof typeof aws.lies]
    // An earlier test was throttled: the pause that the store then keeps is over.
    const probe = secretOf(aws.secret())
    await until('the store may be asked', async () => (await store.probe(probe, 'leak')).state === 'alive')
    await until('the store may be told', async () => (await store.revoke(probe, 'leak')).state === 'claimed')
    aws.calls.length = 0
    counted.length = 0
  })
  return world
}
