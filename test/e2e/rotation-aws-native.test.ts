import { afterAll, beforeAll, expect, it } from 'vitest'
import { type AwsKeyWorld, startAwsKeyWorld } from '../support/aws-key-world.ts'
import { lambdaSteps, type RotationLambda } from '../support/rotation-lambda.ts'
import { until } from '../support/until.ts'

// RotateSecret and its Lambda are a stand-in that says so; labels and values are the emulator's, the key product is real.
let one: AwsKeyWorld
let lambda: RotationLambda
beforeAll(async () => {
  one = await startAwsKeyWorld(
    { schedule: '*/2 * * * * *', overlapMs: 600, pickUp: { by: 'poll', everyMs: 200 } },
    { native: true },
  )
  lambda = one.lambda as RotationLambda
})
afterAll(() => one?.close())

const ended = async (result: string) => {
  const hash = await one.world.redis.hgetall(one.world.key(`x:${one.id}`))
  return Object.entries(hash).filter(([field, text]) => field.startsWith('e:') && text.includes(`"${result}"`)).length
}
const more = async (result: string) => {
  const before = await ended(result)
  return () => until(`one more is ${result}`, async () => (await ended(result)) > before, { withinMs: 60_000 })
}
const pending = async () =>
  Object.values(await one.kept.labels())
    .flat()
    .includes('AWSPENDING')

it('the Lambda rotates on schedule: consumers never fail, each old key is refused', async () => {
  const client = one.consumer({ callsPerSecond: 20, pollMs: 200 })
  await until('three rotations', () => client.seen.size > 3, { withinMs: 60_000 })
  await client.close()
  expect(client.counts.failed).toBe(0)
  for (const old of [...client.seen].slice(0, -2))
    await until('the old key is refused', async () => (await one.use(old)) === 'refused')
  expect((await one.kept.read()).url).toBe('kept as it is')
})

it.each(lambdaSteps)(
  'it dies at %s: the old key goes on, nothing new stays alive or staged, and the next rotation is done',
  async step => {
    const client = one.consumer({ callsPerSecond: 20, pollMs: 200 })
    const rolledBack = await more('rolled_back')
    lambda.faults.diesAt = step
    await until('it died', () => lambda.faults.diesAt === undefined, { withinMs: 30_000 })
    const attempted = lambda.made.at(-1) ?? ''
    await rolledBack()
    // At its first step it has made nothing yet: that key is the one that goes on.
    if (step !== 'createSecret') expect(await one.use(attempted), 'what it made').toBe('refused')
    await (await more('done'))()
    await client.close()
    expect(client.counts.failed).toBe(0)
    expect(await one.use(await one.current())).toBe('accepted')
  },
)

it('it dies with the old key gone already: the new one is the only one that works, and is promoted', async () => {
  const [done, rolledBack] = [await more('done'), await ended('rolled_back')]
  Object.assign(lambda.faults, { diesAt: 'finishSecret', endsOldFirst: true })
  await until('it died', () => lambda.faults.diesAt === undefined, { withinMs: 30_000 })
  lambda.faults.endsOldFirst = false
  const only = lambda.made.at(-1) ?? ''
  await until('consumers read the only one that works', async () => (await one.current()) === only, {
    withinMs: 30_000,
  })
  await done()
  expect(await ended('rolled_back')).toBe(rolledBack)
  await until('no label is stuck', async () => !(await pending()))
})
