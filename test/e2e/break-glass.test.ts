import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { credentialId } from '../../services/pipeline/ids.ts'
import { expectAlive, receiptOf } from '../support/expect-dead.ts'
import { typeCurfew } from '../support/type-curfew.ts'
import { until } from '../support/until.ts'
import { startWorld, type World } from '../support/world.ts'

let world: World
beforeAll(async () => {
  world = await startWorld({ processes: [['ledger', 'intake', 'work']] })
})
afterAll(() => world?.close())

const curfew = (...args: string[]) => typeCurfew(world.dir, [...args, '--config', join(world.dir, 'curfew.yaml')])
const seen = (handle: string) => async () =>
  (await world.redis.hget(world.key(`c:${credentialId('vault-local', handle)}`), 'seen')) !== null
const journal = () => readFileSync(join(world.dir, 'break-glass.jsonl'), 'utf8')
const values = (all: { values: string[] }[]) => all.flatMap(one => one.values)

describe('while Kafka is down', () => {
  it('break-glass kills, the prober is refused, and when Kafka returns the ledger says so once', async () => {
    const [token, login, other] = [
      await world.issuer.token(),
      await world.issuer.databaseLogin(),
      await world.issuer.token(),
    ]
    await world.emitter.emit('curfew.session.started', { session: 'rogue' })
    await world.emitter.emit('curfew.session.started', { session: 'honest' })
    const watched = [await world.handOut('rogue', token), await world.handOut('rogue', login)]
    const spared = await world.handOut('honest', other)
    for (const one of [token, login, other]) await until('it was seen alive', seen(one.grant.handle))
    await world.stack.stop('kafka')

    const done = await curfew('revoke', '--break-glass', '--session', 'rogue', '--reason', 'INC-7', '--yes')
    expect(done).toMatchObject({ code: 0 })
    expect(done.err).toMatch(/^BREAK-GLASS[\s\S]*as break-glass:\S+@\S+ because: INC-7[\s\S]*2 credentials/)
    expect(done.out).toMatch(/dead[\s\S]*dead[\s\S]*DONE {2}2 dead/)
    for (const one of watched) await until(`${one.name} is refused`, () => one.refusedFirst)
    await expectAlive(spared)
    for (const value of values([token, login])) expect(journal()).not.toContain(value)
    expect(await curfew('break-glass', 'reconcile'), 'Kafka is down').toMatchObject({ code: 2 })

    await world.stack.start('kafka')
    // By a worker of this machine, by hand, or by both: once.
    await until('a reconciliation gets through', async () => (await curfew('break-glass', 'reconcile')).code === 0, {
      withinMs: 60_000,
    })
    expect((await curfew('break-glass', 'reconcile')).out).toMatch(/^DONE {2}0 acts told to the ledger, 2 told before/)
    for (const one of watched) {
      const receipt = await until(`${one.name} has its receipt`, () => receiptOf(world, one), { withinMs: 60_000 })
      expect(receipt).toMatchObject({
        outcome: 'verified',
        cause: 'forced',
        evidence: 'target',
        forced: { reason: 'INC-7', breakGlass: true, by: expect.stringMatching(/^break-glass:/) },
      })
      // Of the kill itself, not of the proof after Kafka's return.
      expect(receipt.deadSince ?? 0).toBeLessThan((one.refusedFirst ?? 0) + 1_000)
    }
    expect((await world.receipts()).size).toBe(2)
    await expectAlive(spared)
  }, 300_000)
})
