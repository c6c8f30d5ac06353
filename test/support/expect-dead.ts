import { expect } from 'vitest'
import type { Watched } from '../../infra/sample/prober.ts'
import type { Receipt } from '../../schemas/receipt.ts'
import { credentialId, receiptId } from '../../services/pipeline/ids.ts'
import { until } from './until.ts'
import type { World } from './world.ts'

export const receiptOf = async (world: World, watched: Watched, epoch = 0): Promise<Receipt | undefined> => {
  const { store = 'vault-local', handle } = watched.credential.grant
  const cid = credentialId(store, handle)
  return (await world.receipts()).get(receiptId(cid, epoch))
}

/**
 * The prober saw it accepted before and refused after, its last acceptance not later than the receipt's `deadSince` + 250 ms,
 * and the receipt says `verified` with this cause, inside the bound.
 */
export const expectDead = async (
  world: World,
  watched: Watched,
  cause: string,
  withinMs = 40_000,
): Promise<Receipt> => {
  await until(`${watched.name} is refused`, () => watched.refusedFirst, { withinMs })
  const receipt = await until(`${watched.name} has its receipt`, () => receiptOf(world, watched), { withinMs })
  expect(receipt, `${watched.name}: ${JSON.stringify(receipt)}`).toMatchObject({
    outcome: 'verified',
    cause,
    evidence: expect.stringMatching(/^(target|used)$/),
  })
  const deadSince = receipt.deadSince ?? 0
  expect(watched.acceptedFirst, 'accepted before').toBeLessThan(deadSince + 250)
  expect(watched.acceptedLast, 'last accepted').toBeLessThanOrEqual(deadSince + 250)
  expect(deadSince - receipt.dueAt, 'inside the bound').toBeLessThan(world.config.bounds.credentialMs)
  return receipt
}

/** Still accepted after every credential of the same moment had time to die: watched for three more tries. */
export const expectAlive = async (watched: Watched): Promise<void> => {
  const { tries } = watched
  await until(`${watched.name} is tried again`, () => watched.tries >= tries + 3)
  expect(watched.refusedFirst, `${watched.name} is untouched`).toBeUndefined()
  expect(watched.acceptedLast).toBeDefined()
}
