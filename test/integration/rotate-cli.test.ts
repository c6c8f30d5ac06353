import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { Plan } from '../../schemas/http-plans.ts'
import type { SecretDetail, SecretList } from '../../schemas/http-secrets.ts'
import { type StaticKeyWorld, startStaticKeyWorld } from '../support/static-key-world.ts'
import { typeCurfew } from '../support/type-curfew.ts'
import { until } from '../support/until.ts'

let one: StaticKeyWorld
beforeAll(async () => {
  one = await startStaticKeyWorld(
    { overlapMs: 500, schedule: '0 3 * * *' },
    { world: { processes: [['ledger', 'intake', 'work', 'api']] } },
  )
  await until('the API listens', () => existsSync(join(one.world.dir, 'api.json')))
  await until('the secret is known', async () => (await list()).secrets[0]?.current)
})
afterAll(() => one?.close())

const curfew = (...args: string[]) => typeCurfew(one.world.dir, args)
const list = async () => JSON.parse((await curfew('secrets', '--json')).out) as SecretList
const detail = async () => JSON.parse((await curfew('secrets', '--secret', one.id, '--json')).out) as SecretDetail

it('a dry run says what would be done, and does nothing', async () => {
  const before = await one.current()
  const { code, out } = await curfew('rotate', one.id, '--dry-run')
  expect(code).toBe(0)
  expect(out).toMatch(
    /^DRY RUN {2}Nothing was done\. A rotation of "mcp-key" would\n {2}1\. issue a new value at mcp-server/,
  )
  expect((await detail()).rotations).toEqual([])
  expect(await one.current()).toBe(before)
})

it('rotate shows each step and each death, and the old key is refused', async () => {
  const before = await one.current()
  const { code, out, err } = await curfew('rotate', one.id, '--reason', 'INC-7')
  expect([code, err]).toEqual([0, ''])
  expect(out).toMatch(/^TAKEN {2}Rotating "mcp-key"\. Ctrl-C is safe/)
  expect(out).toMatch(/\n {2}promoted {4}consumers read the new value from now on\n/)
  expect(out).toMatch(/\n {2}dead {8}version 1, [\d.]+ m?s after due\n {14}receipt [0-9a-f]{32}\n/)
  expect(out).toMatch(/\nDONE {2}version 2 is in its place, 1 dead, 1 old version closed\n$/)
  expect(await one.use(before)).toBe('refused')
  expect(await one.use(await one.current())).toBe('accepted')
  expect(out.split('\n').every(line => line.length <= 80)).toBe(true)
})

it('a compromised one is rotated without overlap; secrets says where it stands, in text and in JSON', async () => {
  const json = await curfew('rotate', one.id, '--compromised', '--reason', 'INC-8', '--json')
  expect(JSON.parse(json.out)).toMatchObject({
    rotation: { result: 'done', compromised: true, retired: ['2'], reason: 'INC-8' },
    versions: [{ outcome: 'verified', keeperVersion: '2' }],
  })
  // The same again, asked for by the force that ends the version in any case, was not needed any more.
  await until('all have ended', async () => (await detail()).rotations.every(rotation => rotation.result))
  const text = await curfew('secrets')
  expect(text.code).toBe(0)
  expect(text.out).toMatch(
    /^SECRET +STATE +VERSION +AGE +LIVING OLD +NEXT +KEEPER\nmcp-key +standing +3 +.* 0 +in .* vault-kv/,
  )
  const whole = await curfew('secrets', '--secret', one.id)
  expect(whole.out).toMatch(/\n1 +settled .*\n/)
  expect(whole.out).not.toContain(one.first)
  expect((await detail()).rotations.filter(rotation => rotation.result === 'done')).toHaveLength(2)
})

it('a plan for its store names the standing version too: applied, another one is in its place and it is refused', async () => {
  const before = await one.current()
  const selected = ['revoke', '--store', 'mcp-server']
  const plan = JSON.parse((await curfew(...selected, '--reason', 'INC-9', '--dry-run', '--json')).out) as Plan
  expect(plan).toMatchObject({ credentials: 1, stores: [{ store: 'mcp-server', credentials: 1 }], overCap: false })
  const { code, out } = await curfew('revoke', '--apply', plan.plan)
  expect([code, out]).toEqual([0, expect.stringContaining('1 dead')])
  expect(await one.use(before)).toBe('refused')
  expect(await one.use(await one.current())).toBe('accepted')
})

it('what is not known is said with what to do next', async () => {
  const { code, err } = await curfew('rotate', 'no-such-secret')
  expect(code).toBe(64)
  expect(err).toMatch(/has no secret of that name[\s\S]*next: curfew secrets/)
})

it('a server that cannot be told is shown with the reason while the old key works on', async () => {
  one.server.breakHook(true)
  const before = await one.current()
  const { code, out } = await curfew('rotate', one.id, '--timeout', '4')
  expect(code).toBe(3)
  expect(out).toMatch(/\n {2}blocked {5}test: the hook answered 500\n/)
  expect(out).toMatch(/\nNOT YET {2}it goes on without this command\.\nnext: curfew secrets --secret mcp-key/)
  const shown = await curfew('secrets')
  expect(shown.code).toBe(1)
  expect(shown.out).toMatch(/mcp-key +blocked/)
  expect(await one.use(before)).toBe('accepted')
  one.server.breakHook(false)
  await until('it went on by itself', async () => (await detail()).secret.state === 'standing', {
    withinMs: 60_000,
    everyMs: 500,
  })
  expect(await one.use(before)).toBe('refused')
})
