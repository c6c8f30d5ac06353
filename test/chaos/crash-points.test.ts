import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type OtherStores, openOtherStores } from '../../infra/sample/other-stores.ts'
import { revocationCrashPoints as crashPoints } from '../../services/pipeline/crash-points.ts'
import { credentialId } from '../../services/pipeline/ids.ts'
import { expectAlive, expectDead, receiptOf } from '../support/expect-dead.ts'
import { endSession, expectAllDead, foldedReceipts, openSessions } from '../support/load.ts'
import { sharedStack } from '../support/stack.ts'
import { until } from '../support/until.ts'
import { startWorld, type World } from '../support/world.ts'

const dir = mkdtempSync(join(tmpdir(), 'curfew-crash-'))
let others: OtherStores
beforeAll(async () => {
  others = await openOtherStores((await sharedStack()).addresses, dir)
})
afterAll(async () => {
  await others?.close()
  rmSync(dir, { recursive: true, force: true })
})

/** A session with a token of an OAuth issuer, a key of a key product, and a secret in AWS that holds another. */
const openOther = async (world: World, session: string) => {
  await world.emitter.emit('curfew.session.started', { session })
  const made = [await others.oauthToken(), await others.mcpKey(), await others.secret(session)]
  return Promise.all(made.map(one => world.handOut(session, one)))
}

describe('kill -9 at a crash point changes nothing', () => {
  // Most of each is waiting for a lease to end.
  it.concurrent.each(crashPoints)('%s', async point => {
    const died = join(dir, point)
    const world = await startWorld({ env: { CURFEW_CRASH_AT: `${point}:${died}` }, stores: others.stores })
    try {
      const control = await openSessions(world, 1)
      const doomed = await openSessions(world, 3)
      const other = await openOther(world, 'other-stores')
      for (const one of doomed) await endSession(world, one)
      await world.emitter.emit('curfew.session.ended', { session: 'other-stores' })
      await expectAllDead(world, doomed)
      for (const one of other) await expectDead(world, one, 'session_ended')
      expect(existsSync(died), 'a process died at the point').toBe(true)
      for (const watched of control.flatMap(one => one.held)) await expectAlive(watched)
      const expected = [...doomed.flatMap(one => one.held), ...other].flatMap(({ credential: { grant } }) => {
        const { inside } = grant
        const ids = [credentialId(grant.store ?? 'vault-local', grant.handle)]
        return [...ids, ...(inside ? [credentialId(inside.store, inside.handle)] : [])].map(id => `${id}~0`)
      })
      await until('the receipts are folded', async () => (await foldedReceipts(world)).length >= expected.length)
      expect(await foldedReceipts(world), 'each receipt exists once').toEqual(expected.sort())
    } finally {
      await world.close()
    }
  })
})

describe('kill -9 of the worker that has just ended a refresh token', () => {
  // The note of our step died with the worker: a successor cannot be ruled out, so that its death is not called proven.
  it('it is refused all the same, and its death is not called proven', async () => {
    const died = join(dir, 'refresh')
    const world = await startWorld({ env: { CURFEW_CRASH_AT: `after_step:${died}` }, stores: others.stores })
    try {
      await world.emitter.emit('curfew.session.started', { session: 's' })
      const watched = await world.handOut('s', await others.oauth.issueRefreshToken())
      const cid = credentialId('oauth-local', watched.credential.grant.handle)
      await until('Curfew saw it alive', () => world.redis.hget(world.key(`c:${cid}`), 'seen'))
      await world.emitter.emit('curfew.session.ended', { session: 's' })
      await until('it is refused', () => watched.refusedFirst)
      const receipt = await until('its receipt', () => receiptOf(world, watched))
      expect(existsSync(died), 'a process died at the point').toBe(true)
      expect(receipt).toMatchObject({
        outcome: 'impossible',
        reason: expect.stringContaining('a successor may live'),
      })
      expect((await world.outcomes()).filter(one => one.credential === cid)).toHaveLength(1)
    } finally {
      await world.close()
    }
  })
})
