import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { adminLogin, containerPolicy, makeUser } from '../../infra/aws/provision.ts'
import { type SampleRole, type SampleRoleSession, sampleRole } from '../../infra/sample/role-sessions.ts'
import { fileIn } from '../support/file-in.ts'
import { seal } from '../support/seal.ts'
import { sharedStack } from '../support/stack.ts'
import { until } from '../support/until.ts'
import { startWorld, type World } from '../support/world.ts'

// AWS is an emulator here: it issues role sessions and enforces the inline policies of their role. IAM's own delay is not in it.
const files = fileIn('curfew-sts-e2e-')
const died = join(files.folder, 'died')
let world: World
let role: SampleRole
beforeAll(async () => {
  const { aws } = (await sharedStack()).addresses
  role = await sampleRole(aws)
  const keys = await makeUser(adminLogin(aws), await containerPolicy())
  world = await startWorld({
    processes: [
      ['ledger', 'intake', 'work'],
      ['ledger', 'intake', 'work'],
    ],
    // Between the writing of the policy and its receipt.
    env: { CURFEW_CRASH_AT: `after_step:${died}` },
    stores: [
      {
        id: 'agent-roles',
        kind: 'aws-sts',
        accountId: aws.accountId,
        endpoint: aws.endpoint,
        accessKeyIdFile: files.write(keys.accessKeyId),
        secretAccessKeyFile: files.write(keys.secretAccessKey),
        roles: [role.role],
      },
    ],
  })
})
afterAll(async () => {
  await world?.close()
  files.remove()
})

const handOut = async (session: string, one: SampleRoleSession) => {
  const values = [one.secretAccessKey, one.sessionToken]
  await world.emitter.emit('curfew.session.started', { session })
  await world.emitter.emit('curfew.credential.granted', {
    session,
    store: 'agent-roles',
    kind: 'aws.sts-session',
    handle: one.handle,
    expiresAt: new Date(one.expiresAt).toISOString(),
    renewable: false,
    sealed: await Promise.all(values.map(value => seal(world.config, value))),
  })
}

it('a leaked role session is contained and said to be exposed until it expires; its neighbour of the same role works on', async () => {
  const [leaked, neighbour] = [await role.assume('run-1'), await role.assume('run-2')]
  await handOut('run-1', leaked)
  await handOut('run-2', neighbour)
  for (const one of [leaked, neighbour]) expect(await one.reads()).toBe('accepted')
  await world.emitter.emit('curfew.leak.detected', { sealed: await seal(world.config, leaked.sessionToken) })
  await until('it is refused', async () => (await leaked.reads()) === 'refused')
  const receipt = await until('its receipt, although a worker died before it', async () =>
    [...(await world.receipts()).values()].find(one => one.handle === leaked.handle),
  )
  expect(existsSync(died)).toBe(true)
  expect(receipt).toMatchObject({
    outcome: 'impossible',
    cause: 'leaked',
    exposedUntil: leaked.expiresAt,
    contained: { how: expect.stringMatching(/^inline policy curfew-contained-[0-9a-f]{16} of role .*; read back$/) },
  })
  expect(receipt).not.toHaveProperty('deadSince')
  expect(await neighbour.reads()).toBe('accepted')
  const policies = await role.policies()
  expect(policies).toHaveLength(2)
  expect(await role.policy('app')).toBe(role.own)
  const told = world.output() + JSON.stringify(receipt) + (await Promise.all(policies.map(role.policy))).join()
  for (const value of [leaked.secretAccessKey, leaked.sessionToken]) expect(told).not.toContain(value)
})
