import { describe, expect, it } from 'vitest'
import type { Receipt } from '../../schemas/receipt.ts'
import type { Status } from '../../schemas/status.ts'
import { grantEntry, sessionDetail, youngCanary } from '../support/api-world.ts'
import { cli, statusOf } from '../support/cli-world.ts'

const narrow = (text: string) => expect(Math.max(...text.split('\n').map(line => line.length))).toBeLessThanOrEqual(80)
const statusAnswer = (change: Partial<Status>) => ({ answers: { 'GET /v1/status': { json: statusOf(change) } } })

describe('curfew status', () => {
  it('well is one line and exit 0', async () => {
    const { out, exitCode } = await cli(['status'], statusAnswer({}))
    expect(out).toBe('WELL  0 alive past due  canary 12s ago  1,204 died in the last hour, p99 380 ms')
    expect(exitCode).toBe(0)
    narrow(out)
  })

  it('not well says how many, since when, which store and why, what to type, and exit 1', async () => {
    const blocked = {
      since: 1_699_999_755_000,
      code: 'permission',
      detail: "403 on sys/leases/revoke: the login's policy needs update there",
    }
    const { out, exitCode } = await cli(
      ['status'],
      statusAnswer({
        verdict: 'not_well',
        reasons: ['3 alive past due for longer than 30s', 'vault-prod is blocked: permission'],
        alivePastDue: 3,
        overBound: 3,
        oldestPastDueMs: 252_000,
        deadLetters: 5,
        stores: [
          {
            store: 'vault-prod',
            alivePastDue: 3,
            overBound: 3,
            oldestPastDueMs: 252_000,
            blocked,
            blockedByCode: { permission: 3 },
            held: 0,
            outstanding: 40,
          },
          { store: 'aws-eu', alivePastDue: 0, overBound: 0, blockedByCode: {}, held: 0, outstanding: 0 },
        ],
      }),
    )
    expect(exitCode).toBe(1)
    expect(out.split('\n')).toEqual([
      'NOT WELL  3 credentials alive past due, oldest 4m12s              canary 12s ago',
      '',
      '  STORE       ALIVE PAST DUE  OLDEST  BLOCKED FOR  HELD  OUTSTANDING',
      '  vault-prod               3  4m12s   4m05s           0           40',
      '  nothing is alive at 1 other store',
      "  why vault-prod is blocked: permission: 403 on sys/leases/revoke: the login's",
      '  policy needs update there',
      '',
      '  - 3 alive past due for longer than 30s',
      '  - vault-prod is blocked: permission',
      '',
      '  last hour: 1,204 died, lag p50 41 ms, p99 380 ms, max 2.1 s. 2 impossible, 0',
      '  unproven, 0 held, 5 dead letters',
      '',
      '  next: curfew doctor vault-prod         which right or setting is missing there',
      '        curfew grants --alive-past-due   lists them, each with its reason',
      '        curfew dlq                       what could not be taken in, and why',
      '        curfew watch                     shows this, live',
    ])
    narrow(out)
  })

  it('a slow budget says from the start when the last one will be dead at best', async () => {
    const now = statusOf().now
    const slow = { store: 'keys', overBound: 0, blockedByCode: {}, held: 0, outstanding: 1_000 }
    const stores = [{ ...slow, alivePastDue: 1_000, expectedFinishAt: now + 6_000_000 }]
    const { out, exitCode } = await cli(['status'], statusAnswer({ alivePastDue: 1_000, stores }))
    expect(exitCode).toBe(0)
    expect(out).toMatch(/^WELL {2}1,000 credentials dying, inside the bound/)
    expect(out).toContain('keys: 1,000 credentials, done in 1h40m at best, as its budget allows')
  })

  it('cannot tell says what is unknown and exit 2', async () => {
    const change = {
      verdict: 'cannot_tell',
      reasons: ['no canary configured'],
      canary: { configured: false },
      canaries: [],
    } as const
    const { out, exitCode } = await cli(
      ['status'],
      statusAnswer({ ...change, reasons: [...change.reasons], canaries: [] }),
    )
    expect(out).toMatch(/^CANNOT TELL {2}no canary configured +no canary\n/)
    expect(exitCode).toBe(2)
    narrow(out)
  })

  it('where something is wrong each canary is told of, the worst one in the headline', async () => {
    const never = { configured: true, store: 'mcp-keys', kind: 'api.key', everyMs: 60_000 } as const
    const reasons = ['no canary of mcp-keys (api.key) was seen to die yet']
    const change = { verdict: 'cannot_tell', reasons, canary: never, canaries: [youngCanary, never] } as const
    const { out } = await cli(['status'], statusAnswer({ ...change, canaries: [...change.canaries] }))
    expect(out).toMatch(/^CANNOT TELL {2}no canary of mcp-keys \(api.key\) was seen to die yet/)
    expect(out).toContain('canary of mcp-keys: none died yet')
    expect(out).toContain('canaries died: vault-a (vault.token) 12s ago, mcp-keys (api.key) none died')
    narrow(out)
  })

  it('--json has the same facts and the same exit code', async () => {
    const { out, exitCode } = await cli(['status', '--json'], statusAnswer({ verdict: 'not_well', held: 1 }))
    expect([JSON.parse(out).held, exitCode]).toEqual([1, 1])
  })
})

describe('errors say what happened, what it means and what to type next', () => {
  const cases: [string, Parameters<typeof cli>[1], number, RegExp][] = [
    ['nothing runs here', { stateFile: 'not json' }, 2, /No Curfew is running here: .*api\.json/],
    [
      'nobody listens',
      { refuse: true },
      2,
      /Cannot reach the API at http:\/\/127\.0\.0\.1:7440 \(connection refused\)/,
    ],
    [
      'an old token',
      { answers: { 'GET /v1/status': { status: 401, json: { code: 'x', message: 'm' } } } },
      77,
      /token/,
    ],
    [
      'no right',
      { answers: { 'GET /v1/status': { status: 403, json: { code: 'x', message: 'm' } } } },
      77,
      /Not allowed/,
    ],
    [
      'Redis is away',
      { answers: { 'GET /v1/status': { status: 503, json: { code: 'x', message: 'gone' } } } },
      2,
      /gone/,
    ],
    ['half an address', { env: { CURFEW_URL: 'http://x' } }, 64, /go together/],
  ]
  for (const [name, options, code, text] of cases)
    it(`${name}: exit ${code}`, async () => {
      const { err, exitCode, out } = await cli(['status'], options)
      expect([exitCode, out]).toEqual([code, ''])
      expect(err).toMatch(text)
      if (code !== 64) expect(err).toContain('next: ')
      expect(err).not.toMatch(/made-at-start| at .*\.ts/)
      narrow(err)
    })

  it('in JSON where JSON was asked for', async () => {
    const { out } = await cli(['status', '--json'], { refuse: true })
    expect(JSON.parse(out)).toMatchObject({ code: 'unreachable', exitCode: 2 })
  })
  for (const argv of [[], ['frob'], ['revoke', '--session', 's'], ['grants', '--limit', 'x'], ['status', 'more']])
    it(`curfew ${argv.join(' ')}: exit 64`, async () => expect((await cli(argv)).exitCode).toBe(64))
  it('help exit-codes', async () => {
    const { out, exitCode } = await cli(['help', 'exit-codes'])
    expect([exitCode, out.includes('77  not allowed')]).toEqual([0, true])
  })
  it('the address of the environment is used', async () => {
    const env = { CURFEW_URL: 'http://elsewhere:1/', CURFEW_TOKEN: 't' }
    const { asked } = await cli(['status'], { ...statusAnswer({}), env })
    expect(asked[0]).toMatchObject({ path: '/v1/status', authorization: 'Bearer t' })
  })
})

const receiptOf = (change: Partial<Receipt> = {}): Receipt => ({
  receipt: 'd'.repeat(32),
  credential: 'b'.repeat(32),
  epoch: 0,
  outcome: 'verified',
  store: 'vault-a',
  kind: 'vault.token',
  handle: 'accessor-1',
  cause: 'forced',
  dueAt: 1_700_000_000_000,
  deadSince: 1_700_000_000_041,
  settledAt: 1_700_000_000_041,
  evidence: 'target',
  attempts: 1,
  grants: [{ tenant: 'acme', session: 's-1', tasks: [], cause: 'forced' }],
  ...change,
})
const dead = (change: Partial<Receipt> = {}) => grantEntry({ state: 'settled', receipt: receiptOf(change) })

describe('curfew revoke', () => {
  const revoke = (details: ReturnType<typeof sessionDetail>[], argv: string[] = [], planned = [grantEntry()]) =>
    cli(['revoke', '--session', 's-1', '--reason', 'INC-1', ...argv], {
      answers: {
        'POST /v1/revocations': { status: 202, json: { facts: 1, planned, alreadySettled: 0 } },
        'GET /v1/sessions/s-1': details.map(json => ({ json })),
      },
    })

  it('waits and shows each death with its proof: exit 0', async () => {
    const { out, exitCode, asked } = await revoke([sessionDetail(), sessionDetail({ grants: [dead()] })])
    expect(asked[0]?.body).toEqual({ session: 's-1', reason: 'INC-1' })
    expect(out.split('\n')).toEqual([
      'TAKEN  1 grant: vault-a 1. Ctrl-C is safe: the command stands.',
      '  dead        vault.token accessor-1',
      '              41 ms after due; gone where it is enforced at 22:13:20.041 UTC',
      '              receipt dddddddddddddddddddddddddddddddd',
      'DONE  1 dead',
    ])
    expect(exitCode).toBe(0)
    narrow(out)
  })
  it('what does not die in time is partly done: exit 3', async () => {
    const { out, exitCode } = await revoke([sessionDetail()], ['--timeout', '2'])
    expect([exitCode, out.includes('PARTLY DONE  0 dead, 1 still alive')]).toEqual([3, true])
  })
  it('what nobody can revoke is partly done, with until when it is exposed', async () => {
    const batch = dead({ outcome: 'impossible', reason: 'a batch token', exposedUntil: 1_700_000_600_000 })
    const { out, exitCode } = await revoke([sessionDetail({ grants: [batch] })])
    expect([exitCode, out.includes('exposed until 2023-11-14 22:23:20 UTC')]).toEqual([3, true])
  })
  it('nothing alive is done at once', async () => {
    const { out, exitCode } = await revoke([], [], [])
    expect([exitCode, out.includes('nothing is alive')]).toEqual([0, true])
  })
  it('--no-wait does not ask again', async () => {
    const { asked, exitCode } = await revoke([], ['--no-wait'])
    expect([asked.length, exitCode]).toEqual([1, 0])
  })
  it('a task needs its session, and a grant stands alone', async () => {
    for (const argv of [['--task', 't'], ['--grant', 'a', '--session', 's'], []])
      expect((await cli(['revoke', '--reason', 'x', ...argv])).exitCode).toBe(64)
  })
})

describe('lists', () => {
  it('grants alive past due: why each is blocked, and exit 1', async () => {
    const blocked = { since: 1_699_999_990_000, code: 'sealed', detail: 'Vault is sealed' }
    const grants = [grantEntry({ state: 'blocked', dueAt: 1_699_999_940_000, blocked })]
    const answers = { 'GET /v1/grants': { json: { grants, complete: true } } }
    const { out, exitCode, asked } = await cli(['grants', '--alive-past-due'], { answers })
    expect(asked[0]?.path).toBe('/v1/grants?limit=50&alivePastDue=true')
    expect(out).toContain('aaaaaaaa: sealed for 10s: Vault is sealed')
    expect(exitCode).toBe(1)
    narrow(out)
  })
  it('none alive past due is exit 0', async () => {
    const answers = { 'GET /v1/grants': { json: { grants: [], complete: true } } }
    const { out, exitCode } = await cli(['grants', '--alive-past-due'], { answers })
    expect([out, exitCode]).toEqual(['Nothing is alive past due.', 0])
  })
  it('a name that would move the cursor is not printed as it is', async () => {
    const session = { ...sessionDetail().session, session: 'evil\u001b[2J\u202e' }
    const answers = { 'GET /v1/sessions': { json: { sessions: [session], complete: false } } }
    const { out } = await cli(['sessions'], { answers })
    expect(out).toContain('evil?[2J?')
    expect(out).toContain('There is more')
  })
  it('receipts', async () => {
    const answers = { 'GET /v1/receipts': { json: { receipts: [receiptOf()], complete: true } } }
    const { out, asked } = await cli(['receipts', '--since-minutes', '5'], { answers })
    expect(asked[0]?.path).toBe('/v1/receipts?limit=50&since=1699999700000')
    expect(out).toMatch(/22:13:20\.041 +verified +41 ms +forced +vault\.token +\S+ +[0-9a-f]{8} +s-1/)
    narrow(out)
  })
})

describe('curfew fingerprint', () => {
  it('without a value on stdin: exit 64, and says why not as an argument', async () => {
    const { err, exitCode } = await cli(['fingerprint'], { stdin: ' \n' })
    expect([exitCode, err.includes('stdin only')]).toEqual([64, true])
  })
  it('an argument is refused and not repeated', async () => {
    const { err, exitCode } = await cli(['fingerprint', 'hunter2'])
    expect([exitCode, err.includes('hunter2')]).toEqual([64, false])
  })
})

describe('curfew watch', () => {
  it('goes on through a lost connection, and its exit code is the last picture', async () => {
    const lost = { status: 503, json: { code: 'state_unavailable', message: 'The state cannot be read.' } }
    const answers = { 'GET /v1/status': [{ json: statusOf() }, lost, { json: statusOf({ verdict: 'not_well' }) }] }
    const { out, exitCode } = await cli(['watch', '--times', '3'], { answers })
    expect(out).toMatch(/WELL[\s\S]*CANNOT TELL\nThe state cannot be read\.[\s\S]*NOT WELL/)
    expect(exitCode).toBe(1)
  })
})
