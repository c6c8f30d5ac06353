import { describe, expect, test } from 'vitest'
import { type Answer, retryAfterMs } from '../../services/stores/reply.ts'
import { storeText } from '../../services/stores/store-text.ts'
import {
  leaseProbe,
  leaseStep,
  problemOf,
  secretIdProbe,
  secretIdStep,
  tokenProbe,
  tokenStep,
} from '../../services/stores/vault/answers.ts'
import { refuseUnsafeEnvironment } from '../../services/stores/vault/environment.ts'

const answer = (status: number, ...errors: string[]): Answer => ({ status, body: errors[0] ? { errors } : {} })
const found: Answer = { status: 200, body: { data: { id: 'x' } } }
const listed = (text: string) => `1 error occurred:\n\t* ${text}\n\n`
const noSecretId = 'failed to find accessor entry for secret_id_accessor: "x"'

const alive = (evidence: string) => ({ state: 'alive', evidence })
const dead = (evidence: string) => ({ state: 'dead', evidence })
const unknown = (code: string) => ({ state: 'unknown', problem: expect.objectContaining({ code }) })
const failed = (code: string) => ({ state: 'failed', problem: expect.objectContaining({ code }) })

/** What no kind may read as dead. */
const neverDead: [string, Answer, string][] = [
  ['200 without data', { status: 200, body: {} }, 'protocol'],
  ['200 that is not JSON', { status: 200, body: undefined }, 'protocol'],
  ['202', answer(202), 'protocol'],
  ['301', answer(301), 'protocol'],
  ['307', answer(307), 'protocol'],
  ['400 of another kind', answer(400, 'missing client token'), 'protocol'],
  ['403 to us', answer(403, listed('permission denied')), 'permission'],
  ['403 without a text', answer(403), 'permission'],
  ['404 without a text', { status: 404, body: { errors: [] } }, 'protocol'],
  ['404, no such mount', answer(404, 'no handler for route "auth/x". route entry not found.'), 'protocol'],
  ['412, a node that is behind', answer(412), 'unreachable'],
  ['429', answer(429, 'request path "x": rate limit quota exceeded'), 'throttled'],
  ['500', answer(500, 'internal error'), 'backend'],
  [
    '500, a standby without a leader',
    answer(500, 'local node not active but active cluster node not found'),
    'unreachable',
  ],
  ['502', answer(502), 'unreachable'],
  ['503 sealed', answer(503, 'Vault is sealed'), 'sealed'],
  ['503', answer(503), 'unreachable'],
]

describe('what an answer of Vault to a probe means', () => {
  for (const [name, read] of Object.entries({ tokenProbe, leaseProbe, secretIdProbe }))
    test.each(neverDead)(`${name}: %s is unknown, never dead`, (_, given, code) => {
      expect(read(given)).toEqual(unknown(code))
    })

  test('no answer is unknown, with its reason', () => {
    const problem = { code: 'timeout', detail: 'no answer in time' } as const
    for (const read of [tokenProbe, leaseProbe, secretIdProbe])
      expect(read({ problem })).toEqual({ state: 'unknown', problem })
  })

  test.each([
    ['found', found, alive('target')],
    ['OpenBao: 400 invalid accessor', answer(400, listed('invalid accessor')), dead('target')],
    ['HashiCorp Vault: 403 invalid accessor', answer(403, listed('invalid accessor')), dead('target')],
    ['404 invalid accessor', answer(404, 'invalid accessor'), dead('target')],
    ['500 invalid accessor', answer(500, 'invalid accessor'), unknown('backend')],
  ])('a token: %s', (_, given, expected) => expect(tokenProbe(given)).toEqual(expected))

  test.each([
    ['found is the word of the issuer', found, alive('issuer')],
    ['400 invalid lease is the word of the issuer', answer(400, 'invalid lease'), dead('issuer')],
    ['400 lease not found', answer(400, 'lease not found'), dead('issuer')],
  ])('a lease: %s', (_, given, expected) => expect(leaseProbe(given)).toEqual(expected))

  test.each([
    ['found', found, alive('target')],
    ['204: its time is over, not tidied away yet', answer(204), dead('target')],
    ['404 with the text in data.error', { status: 404, body: { data: { error: noSecretId } } }, dead('target')],
    ['500, no such role', answer(500, listed('role "agent" does not exist')), dead('target')],
  ])('a secret id: %s', (_, given, expected) => expect(secretIdProbe(given)).toEqual(expected))
})

describe('what an answer of Vault to a revocation means', () => {
  const claimed = { state: 'claimed' }
  test.each([
    ['204', answer(204), claimed],
    ['200 with a warning', { status: 200, body: { warnings: ['No token found with this accessor'] } }, claimed],
    ['202', answer(202), { state: 'queued' }],
    ['403', answer(403, 'permission denied'), failed('permission')],
    ['429', answer(429), failed('throttled')],
    ['500', answer(500, 'x'), failed('backend')],
    ['503 sealed', answer(503, 'Vault is sealed'), failed('sealed')],
    ['307', answer(307), failed('protocol')],
    ['404 without a text', answer(404), failed('protocol')],
  ])('any kind: %s', (_, given, expected) => {
    for (const read of [tokenStep, leaseStep, secretIdStep]) expect(read(given)).toEqual(expected)
  })

  test('the backend behind a lease failed: failed, the login may still work', () => {
    expect(leaseStep(answer(400, 'failed to revoke entry: resp: (*logical.Response)(nil) err: x'))).toEqual(
      failed('backend'),
    )
  })

  test('what the server does not know is claimed, so that revoking twice is fine', () => {
    expect(tokenStep(answer(400, listed('invalid accessor')))).toEqual(claimed)
    expect(leaseStep(answer(400, 'invalid lease'))).toEqual(claimed)
    expect(secretIdStep(answer(500, listed(noSecretId)))).toEqual(claimed)
  })
})

describe('what is told about a problem', () => {
  test('Retry-After is passed on, in seconds or as a date', () => {
    expect(problemOf({ ...answer(429), retryAfterMs: 1_500 })).toMatchObject({ code: 'throttled', retryAfterMs: 1_500 })
    expect(retryAfterMs('2', 0)).toBe(2_000)
    expect(retryAfterMs('Thu, 01 Jan 1970 00:00:05 GMT', 1_000)).toBe(4_000)
    expect(retryAfterMs('soon', 0)).toBeUndefined()
    expect(retryAfterMs(undefined, 0)).toBeUndefined()
  })

  test.each([
    ['hvs.CAESIJlWh2k0AbCdEfGhIjKlMnOp is bad', '[token] is bad'],
    ['b.AAAAAQLEv2AGcbVF39a-c9vHdea', '[token]'],
    ['cannot reach postgresql://root:hunter2@db:5432/app', 'cannot reach postgresql://[login]@db:5432/app'],
    ['password="hunter2 or 3" is wrong', 'password=[value] is wrong'],
  ])('a value in an error text is cut out: %s', (text, expected) => expect(storeText(text)).toBe(expected))

  test('an error text is one short line', () => {
    const text = storeText(`a\n\tb ${'x'.repeat(500)}`)
    expect(text).toMatch(/^a b x+$/)
    expect(text).toHaveLength(200)
  })
})

describe('an environment in which node-vault would give secrets away', () => {
  test.each([
    { VAULT_SKIP_VERIFY: '1' },
    { NODE_TLS_REJECT_UNAUTHORIZED: '0' },
    { DEBUG: 'node-vault' },
    { DEBUG: 'express:*,node-*' },
    { DEBUG: '*' },
  ])('is refused: %o', environment => expect(() => refuseUnsafeEnvironment(environment)).toThrow(/Unset|Take it out/))

  test.each([{}, { DEBUG: 'express:*' }, { DEBUG: '*,-node-vault' }, { DEBUG: 'node-vault2' }])(
    'and nothing else is: %o',
    environment => expect(() => refuseUnsafeEnvironment(environment)).not.toThrow(),
  )
})
