import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest'
import { stringify } from 'yaml'
import { type KeyProduct, startKeyProduct } from '../../infra/sample/key-product.ts'
import { processIo } from '../../services/cli/io.ts'
import { runCli } from '../../services/cli/run-cli.ts'
import { testStore } from '../../services/store-test.ts'
import { noAudit } from '../support/cli-world.ts'
import { type HostileKeys, startHostileKeys } from '../support/hostile-keys.ts'
import { hostilePreset } from '../support/key-stores.ts'
import { sharedStack } from '../support/stack.ts'

let redisUrl: string
let product: KeyProduct
let hostile: HostileKeys
const dir = mkdtempSync(join(tmpdir(), 'curfew-store-test-'))
beforeAll(async () => {
  redisUrl = (await sharedStack()).addresses.redisUrl
  product = await startKeyProduct()
})
afterAll(async () => {
  await product?.close()
  rmSync(dir, { recursive: true })
})
afterEach(() => hostile?.close())

/** `curfew store test` as typed, with the config in a file; what it said, with single spaces. */
const storeTest = async (
  store: Record<string, unknown>,
  account: { email: string; password: string },
  stdin?: string,
) => {
  writeFileSync(join(dir, 'password'), account.password)
  const config = join(dir, 'curfew.yaml')
  const named = { id: 'keys', kind: 'key-api', parameters: { email: account.email }, ...store }
  const stores = [{ ...named, secrets: { password: { file: 'password' } } }]
  writeFileSync(config, stringify({ redis: { url: redisUrl, prefix: `store-test-${crypto.randomUUID()}` }, stores }))
  const notHere = () => Promise.reject(new Error('not here'))
  const said: string[] = []
  const io = {
    ...processIo({
      testStore,
      readReport: notHere,
      audit: noAudit,
      breakGlass: { plan: notHere, reconcile: notHere },
    }),
    out: (text: string) => void said.push(text),
    err: (text: string) => void said.push(text),
  }
  const brought = stdin === undefined ? [] : ['--handle', stdin]
  const exitCode = await runCli(['store', 'test', 'keys', '--config', config, '--watch', '1', ...brought], {
    ...io,
    readStdin: () => Promise.resolve(undefined),
  })
  return { exitCode, text: said.join('\n').replaceAll(/\s+/g, ' ') }
}
const plenty = { calls: 5_000, perSeconds: 1 }
const quick = { login: plenty, tokens: plenty, door: plenty }
const betterAuth = () => ({
  preset: 'better-auth',
  address: product.address,
  door: product.mcpUrl,
  budgets: { login: plenty, api: plenty },
})
/** The hostile product's own preset, changed. */
const changed = (change: (yaml: string) => string) => {
  const file = join(dir, 'changed.yaml')
  writeFileSync(file, change(readFileSync(hostilePreset, 'utf8').replace('windowSeconds: 3', 'windowSeconds: 0')))
  return { presetFile: file, address: hostile.address, door: hostile.doorUrl, budgets: quick, lockout: false }
}
const unchanged = (yaml: string) => yaml

it('a preset that fits its product is said to fit, and no key is left behind', async () => {
  const { exitCode, text } = await storeTest(betterAuth(), product.account)
  expect(text).toMatch(/keys FITS: (\d+) of \1 steps tried$/)
  expect(text).toContain('first refused')
  expect(text).toContain('by a use of it')
  expect(exitCode).toBe(0)
}, 60_000)

it('a product whose door caches is found out: the window is too small, and what it should be is said', async () => {
  hostile = await startHostileKeys({ lies: { doorCacheMs: 3_000 } })
  const { exitCode, text } = await storeTest(changed(unchanged), hostile.account)
  expect(text).toMatch(
    /DOES NOT FIT it is refused, and stays refused it was accepted \d+ ms after the revocation, and the window is 0 ms: set windowSeconds to 4 or more/,
  )
  expect(exitCode).toBe(1)
}, 60_000)

it.each([
  [
    'a place that is not there is named with what is there',
    'value: access_token',
    'value: token.secret',
    'no value at "token.secret"; the answer has token, access_token',
  ],
  [
    'an answer that is not named is told with its status',
    'done: [204, 200]',
    'done: [200]',
    'HTTP 204 at DELETE /v1/tokens/admin/{{handle}}: an answer that the preset does not name',
  ],
  [
    'a repetition that is not named',
    'already: [409]',
    'already: []',
    'A crash after a revocation repeats it: name this answer in revoke.already',
  ],
  [
    'a field that does not decide',
    'dead: [{ is_revoked: true }',
    'dead: [{ is_active: false }',
    'after the revocation it is',
  ],
  [
    'a list that is somewhere else',
    'items: tokens',
    'items: data',
    'no list at "data"; the answer has tokens, total, limit, offset',
  ],
  [
    'a refusal that looks otherwise',
    'contains: has been revoked',
    'contains: go away',
    'the door answered 401, neither accepted nor refused as described',
  ],
  [
    'a path that is not the administrators’',
    '/v1/tokens/admin/{{handle}}',
    '/v1/elsewhere/{{handle}}',
    'after the revocation it is alive',
  ],
])(
  'what does not fit is said in plain words: %s',
  async (_, from, to, said) => {
    hostile = await startHostileKeys()
    const { exitCode, text } = await storeTest(
      changed(yaml => yaml.replace(from, to)),
      hostile.account,
    )
    expect(text).toContain(said)
    expect(exitCode).toBe(1)
  },
  90_000,
)

it('a door that accepts everybody and a door that refuses everybody are found out', async () => {
  hostile = await startHostileKeys({ lies: { doorSays: 'accept-everybody' } })
  expect((await storeTest(changed(unchanged), hostile.account)).text).toContain('it accepts everybody')
  hostile.lies.doorSays = 'refuse-everybody'
  expect((await storeTest(changed(unchanged), hostile.account)).text).toContain('does the door belong to this product?')
}, 90_000)

it('a wrong password is one login, and says so', async () => {
  hostile = await startHostileKeys()
  const { exitCode, text } = await storeTest(changed(unchanged), { ...hostile.account, password: 'wrong' })
  expect(text).toContain('login: HTTP 401 at POST /v1/login')
  expect(exitCode).toBe(1)
  expect(hostile.world.calls).toHaveLength(1)
})

it('a key of your own is tried where none can be issued', async () => {
  hostile = await startHostileKeys()
  const withoutIssue = changed(yaml => yaml.replace(/issue:[\s\S]*?door:/, 'door:'))
  expect((await storeTest(withoutIssue, hostile.account)).text).toContain('bring it with --handle')
  const { grant } = hostile.issue()
  const { text } = await storeTest(withoutIssue, hostile.account, grant.handle)
  expect(text).toContain('keys FITS')
  expect(hostile.opens(grant.handle)).toBe(false)
})

it('a preset that is not valid is told by line and field', async () => {
  hostile = await startHostileKeys()
  const broken = changed(yaml =>
    yaml.replace('  absent: unknown', '  absnt: unknown').replace('{{page.size}}', '{{page.seize}}'),
  )
  const { exitCode, text } = await storeTest(broken, hostile.account)
  expect(text).toMatch(/line \d+, status\.absnt: there is no such field/)
  expect(exitCode).toBe(2)
})
