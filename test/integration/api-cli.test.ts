import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { SessionList } from '../../schemas/http.ts'
import type { Status } from '../../schemas/status.ts'
import { fingerprintOf } from '../support/seal.ts'
import { until } from '../support/until.ts'
import { startWorld, type World } from '../support/world.ts'

let world: World
beforeAll(async () => {
  world = await startWorld({ processes: [['ledger', 'intake', 'work', 'api']] })
  await until('the API listens', () => existsSync(join(world.dir, 'api.json')))
})
afterAll(() => world?.close())

/** As a person types it: a process of its own, which finds the API by the state file. */
const curfew = (args: string[], stdin = '', env: Record<string, string> = { CURFEW_STATE_DIR: world.dir }) =>
  new Promise<{ code: number; out: string; err: string }>(resolve => {
    const file = join(import.meta.dirname, '../../services/curfew.ts')
    const child = execFile(process.execPath, [file, ...args], { env }, (error, out, err) =>
      resolve({ code: Number(error?.code ?? 0), out, err }),
    )
    child.stdin?.end(stdin)
  })
const known = async (session: string) => {
  const { sessions } = JSON.parse((await curfew(['sessions', '--json'])).out) as SessionList
  return sessions.find(one => one.session === session && one.grants === 2)
}

describe('curfew, typed', () => {
  it('revoke shows each death with its proof, and the prober is refused everywhere', async () => {
    await world.emitter.emit('curfew.session.started', { session: 'c-1' })
    const watched = [
      await world.handOut('c-1', await world.issuer.token(), { task: 't' }),
      await world.handOut('c-1', await world.issuer.databaseLogin()),
    ]
    await until('both are listed', () => known('c-1'))
    const task = await curfew(['revoke', '--session', 'c-1', '--task', 't', '--reason', 'INC-1'])
    expect(task).toMatchObject({ code: 0, err: '' })
    expect(task.out).toMatch(/^TAKEN {2}1 grant: vault-local 1[\s\S]*dead {8}vault\.token [\s\S]*DONE {2}1 dead\n$/)
    const rest = await curfew(['revoke', '--session', 'c-1', '--reason', 'INC-1'])
    expect(rest).toMatchObject({ code: 0 })
    expect(rest.out).toMatch(/1 settled before[\s\S]*dead {8}vault\.lease [\s\S]*DONE {2}1 dead\n$/)
    for (const one of watched) await until(`${one.name} is refused`, () => one.refusedFirst)
    const receipts = await curfew(['receipts', '--session', 'c-1'])
    expect(receipts.out.match(/ verified /g)).toHaveLength(2)
  })

  it('status cannot tell without a canary, in text and in JSON', async () => {
    const { code, out } = await curfew(['status'])
    expect([code, out.startsWith('CANNOT TELL  no canary configured')]).toEqual([2, true])
    const json = await curfew(['status', '--json'])
    expect([json.code, (JSON.parse(json.out) as Status).verdict]).toEqual([2, 'cannot_tell'])
  })

  it('fingerprint takes the value from stdin only', async () => {
    const { code, out } = await curfew(['fingerprint'], 's3cret-value\n')
    expect([code, out.trim()]).toEqual([0, await fingerprintOf(world.config, 's3cret-value')])
    expect(world.output()).not.toContain('s3cret-value')
  })

  it('where nothing runs it cannot tell, and says what to type', async () => {
    const { code, err } = await curfew(['status'], '', { CURFEW_STATE_DIR: join(world.dir, 'nowhere') })
    expect(code).toBe(2)
    expect(err).toContain('next: npm start')
  })

  it('a name that is not known is a usage error', async () => {
    expect(await curfew(['revoke', '--session', 'typo', '--reason', 'x'])).toMatchObject({ code: 64, out: '' })
  })
})
