import { existsSync, renameSync, statSync, truncateSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { SampleCredential } from '../../infra/sample/issuer.ts'
import { credentialId } from '../../services/pipeline/ids.ts'
import { expectAlive, expectDead } from '../support/expect-dead.ts'
import { type LearningWorld, launchLearner, startLearningWorld } from '../support/learning-world.ts'
import { until } from '../support/until.ts'
import { twoOfEach } from '../support/world.ts'

let learning: LearningWorld
let auditFile: string
beforeAll(async () => {
  learning = await startLearningWorld({ processes: twoOfEach, foldedOnly: true })
  auditFile = learning.world.stack.addresses.vaultAuditFile
})
afterAll(() => learning?.close())

const isKnown = async ({ grant }: SampleCredential) =>
  (await learning.world.redis.exists(learning.world.key(`c:${credentialId('vault-local', grant.handle)}`))) === 1
const readToEnd = () => until('the file is read', () => learning.position().place.offset >= statSync(auditFile).size)

describe('nothing of the stream is skipped', () => {
  it.each(['after_parse', 'after_facts_acked'])('kill -9 of the learner %s', async point => {
    const died = join(learning.world.dir, `died-${point}`)
    const made: SampleCredential[] = []
    // Leases are in no inventory: only the stream can tell of them.
    const some = async () => {
      for (let at = 0; at < 3; at += 1) {
        const token = await learning.app.login(`killed-${point}`)
        made.push(token, await learning.app.databaseLogin(token))
      }
    }
    await some()
    const learner = launchLearner(learning.world, { CURFEW_CRASH_AT: `${point}:${died}` })
    try {
      for (const one of made) await learning.learned(one)
      expect(existsSync(died), 'it died at the point').toBe(true)
      await some()
      for (const one of made) await learning.learned(one)
    } finally {
      await learner.close()
    }
  })

  it('the server rotates its file while the learner is killed again and again', async () => {
    const learner = launchLearner(learning.world)
    const made: SampleCredential[] = []
    const some = async () => {
      const token = await learning.app.login('rotated')
      for (let at = 0; at < 3; at += 1) made.push(await learning.app.databaseLogin(token))
    }
    try {
      await some()
      for (let round = 0; round < 3; round += 1) {
        for (const pid of learner.pids()) process.kill(pid, 'SIGKILL')
        await some()
        renameSync(auditFile, `${auditFile}.${Date.now()}`)
        // Still written to the renamed one.
        await some()
        const { vault } = await learning.world.stack.pids()
        process.kill(vault ?? 0, 'SIGHUP')
        await until('the server has opened a new file', async () => {
          await some()
          return existsSync(auditFile) && statSync(auditFile).size > 0
        })
        await some()
      }
      for (const one of made) await learning.learned(one)
      expect(learner.output()).not.toContain('gap')
    } finally {
      await learner.close()
    }
  })
})

describe('a gap', () => {
  it('is said, and closed by the inventory, which kills what is ours and leaves 50 foreign tokens beside it alone', async () => {
    const { world, app, mark } = learning
    const first = launchLearner(world)
    await until('the learner stands at the end', readToEnd)
    await first.close()

    const session = 'in-the-gap'
    const login = await app.login(session)
    const held = [
      world.prober.watch('a login in the gap', login),
      world.prober.watch('its database login', await app.databaseLogin(login)),
      world.prober.watch("its platform's token", await app.token({ session, ...mark })),
    ]
    const foreign: SampleCredential[] = []
    for (let at = 0; at < 20; at += 1) foreign.push(await app.token(mark))
    for (let at = 0; at < 20; at += 1) foreign.push(await app.token({ session, world: 'another' }))
    // With our mark, but not made in a configured path.
    const role = { allowed_policies: [app.role], orphan: true }
    await app.admin.call('POST', `auth/token/roles/${app.role}`, role)
    for (let at = 0; at < 10; at += 1)
      foreign.push(await app.token({ session, ...mark }, {}, `auth/token/create/${app.role}`))
    const neighbours = foreign.map((one, at) => world.prober.watch(`foreign ${at}`, one))
    await until('all are accepted', () => [...held, ...neighbours].every(one => one.acceptedFirst))
    // What was written is lost before anybody read it.
    truncateSync(auditFile)

    const second = launchLearner(world)
    try {
      await until('the gap is said', () => second.output().includes('PAGE gap in the audit stream'))
      await until('the gap is closed', () => second.output().includes('closed by an inventory'))
      for (const one of [login, held[2]?.credential].filter(one => one !== undefined)) await learning.learned(one)
      expect(learning.position().gap).toBeUndefined()
      expect(await Promise.all(foreign.map(isKnown))).toEqual(foreign.map(() => false))
      await world.emitter.emit('curfew.session.ended', { session })
      for (const watched of held.filter((_, at) => at !== 1)) await expectDead(world, watched, 'session_ended')
      // Its lease cannot be tied to the session by the inventory: it dies with its token, unproven by us.
      await until('the database login is refused', () => held[1]?.refusedFirst)
      await Promise.all(neighbours.map(expectAlive))
    } finally {
      await second.close()
    }
  })

  it('stays open while the store cannot be asked, also over a kill -9, and is closed when it can', async () => {
    const { world, app, position } = learning
    const token = await app.login('gap-while-down')
    const watched = world.prober.watch('a token in the gap', token)
    await until('accepted', () => watched.acceptedFirst)
    truncateSync(auditFile)
    await world.stack.stop('vault')
    const learner = launchLearner(world)
    try {
      await until('the gap is remembered', () => position().gap)
      const waits = (times: number) => () => learner.output().split('the inventory waits').length > times
      await until('it waits for the store', waits(1))
      for (const pid of learner.pids()) process.kill(pid, 'SIGKILL')
      await until('the next one waits as well', waits(2))
      expect(position().gap).toBeDefined()
      await world.stack.start('vault')
      await learning.learned(token)
      await until('the gap is closed', () => position().gap === undefined)
    } finally {
      await world.stack.start('vault')
      await learner.close()
    }
    await world.emitter.emit('curfew.session.ended', { session: 'gap-while-down' })
    await expectDead(world, watched, 'session_ended')
  })
})

it('a renewal that lies unread in the stream holds the expiry: what was renewed is not killed', async () => {
  const { world, app, mark } = learning
  const first = launchLearner(world)
  const token = await app.token({ session: 'renewed', ...mark }, { ttl: '6s', explicit_max_ttl: '1h' })
  const expiry = Date.now() + 6_000
  const watched = world.prober.watch('a token that was renewed', token)
  await learning.learned(token)
  await first.close()
  await app.renew(token, '30m')
  await until('its first expiry is long over', () => Date.now() > expiry + 4_000)
  await expectAlive(watched)
  const second = launchLearner(world)
  try {
    await until('the renewal is read, and the expiry believed again', async () => {
      const mark = Number(await world.redis.hget(world.key('marks'), 'grants'))
      return mark > expiry + 4_000
    })
    await expectAlive(watched)
    await world.emitter.emit('curfew.session.ended', { session: 'renewed' })
    await expectDead(world, watched, 'session_ended')
  } finally {
    await second.close()
  }
})
