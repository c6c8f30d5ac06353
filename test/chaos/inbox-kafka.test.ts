import { afterAll, beforeAll, expect, it } from 'vitest'
import { expectDead } from '../support/expect-dead.ts'
import { asStandard, type InboxStack, startInboxStack } from '../support/inbox-stack.ts'
import { until } from '../support/until.ts'

let stack: InboxStack
beforeAll(async () => {
  stack = await startInboxStack()
})
afterAll(() => stack?.close())

it('while Kafka is down a scanner is told 503; the same delivery, sent again, acts', async () => {
  const { world } = stack
  const living = await stack.held('inbox', await world.issuer.token())
  const leak = asStandard(living.credential.values[0] ?? '', 'while-down')
  await world.stack.stop('kafka')
  expect(await stack.send(leak)).toMatchObject({ status: 503, body: expect.stringContaining('nothing was done') })
  await world.stack.start('kafka')
  await until('it is taken', async () => (await stack.send(leak)).status === 202, { everyMs: 500 })
  await expectDead(world, living, 'leaked')
})
