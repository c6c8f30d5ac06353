import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { expectAlive, expectDead } from '../support/expect-dead.ts'
import { type LearningWorld, startLearningWorld } from '../support/learning-world.ts'
import { seal } from '../support/seal.ts'

let learning: LearningWorld
beforeAll(async () => {
  learning = await startLearningWorld()
})
afterAll(() => learning?.close())

describe('an application that only uses Vault, with no Curfew code at all', () => {
  it('one session.ended kills its tokens, leases and database logins, and nothing of its neighbours', async () => {
    const { world, app, watch } = learning
    const session = 'only-vault-1'
    const token = await app.login(session)
    const held = [
      await watch('its token', token),
      await watch('a token that it made', await app.child(token)),
      await watch('a token of its platform', await app.token({ session, ...learning.mark })),
      await watch('its database login', await app.databaseLogin(token)),
      await watch('another database login', await app.databaseLogin(token)),
    ]
    const neighbour = await app.login('only-vault-2')
    const untouched = [
      await watch("a neighbour's token", neighbour),
      await watch("a neighbour's database login", await app.databaseLogin(neighbour)),
    ]
    const unmarked = world.prober.watch('a token without a session', await app.token({ ...learning.mark }))
    await world.emitter.emit('curfew.session.ended', { session })
    for (const watched of held) await expectDead(world, watched, 'session_ended')
    for (const watched of [...untouched, unmarked]) await expectAlive(watched)
  })

  it('one task.finished kills what its task was given', async () => {
    const { world, app, watch } = learning
    const [build, other] = [await app.login('only-vault-3', 'build'), await app.login('only-vault-3', 'other')]
    const login = await watch('its database login', await app.databaseLogin(build))
    const alive = await watch("another task's token", other)
    const data = { session: 'only-vault-3', task: 'build', result: 'completed' }
    await world.emitter.emit('curfew.task.finished', data)
    await expectDead(world, login, 'task_finished')
    await expectAlive(alive)
  })
})

describe('a value that Curfew never saw', () => {
  it('a leaked database password is found through the audit hash, and dead within the bound', async () => {
    const { world, app, watch } = learning
    const token = await app.login('leaky')
    const credential = await app.databaseLogin(token)
    const login = await watch('the leaked login', credential)
    const other = await watch('another login of the session', await app.databaseLogin(token))
    const sealed = await seal(world.config, ` ${credential.values[0]}\n`)
    await world.emitter.emit('curfew.leak.detected', { sealed, source: 'test' })
    await expectDead(world, login, 'leaked')
    await expectAlive(other)
  })

  it('a leaked token likewise', async () => {
    const { world, app, watch } = learning
    const token = await app.login('leaky-2')
    const watched = await watch('the leaked token', token)
    await world.emitter.emit('curfew.leak.detected', { sealed: await seal(world.config, token.value) })
    await expectDead(world, watched, 'leaked')
  })
})

it('what is in clear in the facts is names only', async () => {
  const { world, app, watch } = learning
  const token = await app.login('clear')
  const credential = await app.databaseLogin(token)
  await watch('its login', credential)
  const known = JSON.stringify(
    await Promise.all((await world.redis.keys(world.key('c:*'))).map(key => world.redis.hgetall(key))),
  )
  expect(known).toContain(credential.grant.target)
  for (const value of [token.value, ...credential.values]) expect(known + world.output()).not.toContain(value)
})
