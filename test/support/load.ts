import { expect } from 'vitest'
import type { Watched } from '../../infra/sample/prober.ts'
import { receiptOf } from './expect-dead.ts'
import { until } from './until.ts'
import type { World } from './world.ts'

export type LoadedSession = { session: string; held: Watched[] }
let counter = 0

/** Sessions with tokens and one database login each, all seen alive by the prober and by Curfew. */
export const openSessions = async (world: World, count: number, tokens = 2): Promise<LoadedSession[]> =>
  Promise.all(
    Array.from({ length: count }, async () => {
      counter += 1
      const session = `load-${counter}`
      await world.emitter.emit('curfew.session.started', { session })
      const made = await Promise.all([
        ...Array.from({ length: tokens }, () => world.issuer.token()),
        world.issuer.databaseLogin(),
      ])
      return { session, held: await Promise.all(made.map(one => world.handOut(session, one))) }
    }),
  )

export const endSession = (world: World, { session }: LoadedSession) =>
  world.emitter.emit('curfew.session.ended', { session })

/** All refused to the prober, each with one verified receipt; nothing else was killed. */
export const expectAllDead = async (world: World, sessions: LoadedSession[], withinMs = 60_000): Promise<void> => {
  const held = sessions.flatMap(one => one.held)
  await until('all are refused', () => held.every(one => one.refusedFirst !== undefined), { withinMs })
  for (const one of held) {
    const receipt = await until(`${one.name} has its receipt`, () => receiptOf(world, one), { withinMs })
    expect(receipt, one.name).toMatchObject({ outcome: 'verified', cause: 'session_ended' })
    expect(one.acceptedLast ?? 0, one.name).toBeLessThanOrEqual((receipt.deadSince ?? 0) + 250)
  }
}

/** Every receipt in the folded state, by credential: what an operator is shown. */
export const foldedReceipts = async (world: World): Promise<string[]> =>
  (await world.redis.smembers(world.key('receipts'))).sort()
