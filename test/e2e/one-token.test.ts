import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { until } from '../support/until.ts'
import { startWorld, type World } from '../support/world.ts'

let world: World
beforeAll(async () => {
  world = await startWorld()
})
afterAll(() => world?.close())

describe('one task.finished on Kafka', () => {
  it('leaves one Vault token refused, with a receipt whose deadSince the prober confirms', async () => {
    await world.emitter.emit('curfew.session.started', { session: 's-1' })
    const token = await world.handOut('s-1', await world.issuer.token(), { task: 't-1' })
    await world.emitter.emit('curfew.task.finished', { session: 's-1', task: 't-1', result: 'completed' })
    const refusedAt = await until('the token is refused', () => token.refusedFirst)
    const receipt = await until('the receipt is appended', async () => [...(await world.receipts()).values()][0])
    expect(receipt).toMatchObject({
      outcome: 'verified',
      cause: 'task_finished',
      evidence: 'target',
      store: 'vault-local',
    })
    expect(token.acceptedLast).toBeLessThanOrEqual((receipt.deadSince ?? 0) + 250)
    expect(refusedAt - receipt.dueAt).toBeLessThan(world.config.bounds.credentialMs)
  })
})
