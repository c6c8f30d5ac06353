import { appendFileSync, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, it } from 'vitest'
import { credentialId } from '../../services/pipeline/ids.ts'
import { expectAlive, expectDead } from '../support/expect-dead.ts'
import { type LearningWorld, launchLearner, startLearningWorld } from '../support/learning-world.ts'
import { sharedStack } from '../support/stack.ts'
import { until } from '../support/until.ts'

const socket = join(tmpdir(), `curfew-audit-${process.pid}.sock`)
const device = `
audit "socket" "socket" {
  options {
    address       = "${socket}"
    socket_type   = "unix"
    hmac_accessor = "false"
  }
}
`
let learning: LearningWorld
let learner: ReturnType<typeof launchLearner>
let configFile: string
let before: string
/** The server reads its declared audit devices again. Its file device stays: one that fails alone would stop it. */
const reload = async () => process.kill((await learning.world.stack.pids()).vault ?? 0, 'SIGHUP')

beforeAll(async () => {
  const { addresses } = await sharedStack()
  configFile = join(dirname(addresses.vaultAuditFile), 'server.hcl')
  before = readFileSync(configFile, 'utf8')
  const learn = { auditFile: undefined, positionFile: undefined, auditSocket: `unix:${socket}`, device: 'socket' }
  const processes = [
    ['ledger', 'intake', 'work'],
    ['ledger', 'intake', 'work'],
  ]
  learning = await startLearningWorld({ processes, foldedOnly: true, learn })
  learner = launchLearner(learning.world)
  await until('the learner listens', () => existsSync(socket), { withinMs: 60_000 })
  appendFileSync(configFile, device)
  await reload()
  await until(
    'the device is connected, and what was before is known',
    () => learner.output().includes('is closed by'),
    {
      withinMs: 60_000,
    },
  )
})
afterAll(async () => {
  if (before !== undefined) writeFileSync(configFile, before)
  if (learning) await reload()
  await learner?.close()
  await learning?.close()
  rmSync(socket, { force: true })
})

it("over the server's own socket device: one session.ended kills a token and its database login, and not its neighbour's", async () => {
  const { world, app, watch } = learning
  const token = await app.login('socket-1')
  const held = [await watch('its token', token), await watch('its database login', await app.databaseLogin(token))]
  const neighbour = await watch("a neighbour's token", await app.login('socket-2'))
  await world.emitter.emit('curfew.session.ended', { session: 'socket-1' })
  for (const watched of held) await expectDead(world, watched, 'session_ended')
  await expectAlive(neighbour)
})

it('kill -9 of the learner: the server goes on, and what it wrote to nobody is found by the inventory', async () => {
  const { world, app, mark } = learning
  for (const pid of learner.pids()) process.kill(pid, 'SIGKILL')
  // Nobody listens: these are in no socket. The learner is started again by itself.
  const lost = await app.token({ session: 'socket-3', ...mark })
  const foreign = await app.token({ session: 'socket-3', world: 'another' })
  const watched = world.prober.watch('a token that nobody was told of', lost)
  const other = world.prober.watch('a token of others', foreign)
  await until('both are accepted', () => watched.acceptedFirst && other.acceptedFirst)
  const key = world.key(`c:${credentialId('vault-local', lost.grant.handle)}`)
  const seen = () => world.redis.hexists(key, 'seen')
  // As long as a process takes to start.
  await until('it is found', async () => (await seen()) === 1, { withinMs: 90_000 })
  await world.emitter.emit('curfew.session.ended', { session: 'socket-3' })
  await expectDead(world, watched, 'session_ended')
  await expectAlive(other)
})
