import { describe, expect, it } from 'vitest'
import type { Plan, PlanDetail, PlanItem } from '../../schemas/http-plans.ts'
import { grantEntry } from '../support/api-world.ts'
import { cli } from '../support/cli-world.ts'

const narrow = (text: string) => expect(Math.max(...text.split('\n').map(line => line.length))).toBeLessThanOrEqual(80)
const now = 1_700_000_000_000
const planOf = (change: Partial<Plan> = {}): Plan => ({
  plan: 'pl_0123456789',
  hash: 'a'.repeat(64),
  selector: { principal: 'agent:deploy-bot' },
  reason: 'INC-2231 compromised',
  by: 'oidc:corp:alice',
  createdAt: now,
  expiresAt: now + 600_000,
  credentials: 212,
  grants: 214,
  shared: 2,
  sessions: 40,
  ends: 40,
  stores: [
    { store: 'vault-prod', credentials: 180 },
    { store: 'aws-eu', credentials: 20 },
    { store: 'mcp-github', credentials: 12 },
  ],
  activeLastMinute: 12,
  impossible: 2,
  exposedUntil: now + 600_000,
  cap: 100,
  overCap: true,
  ...change,
})
const item = (change: Partial<PlanItem> = {}): PlanItem => ({
  credential: 'b'.repeat(32),
  store: 'vault-prod',
  kind: 'vault.token',
  handle: 'accessor-1',
  session: 's-1',
  grants: ['a'.repeat(32)],
  result: 'dead',
  ...change,
})
const detailOf = (
  counts: Partial<PlanDetail['counts']>,
  items: PlanItem[] = [],
  change: Partial<Plan> = {},
): { json: PlanDetail } => ({
  json: {
    plan: planOf(change),
    counts: { dead: 0, impossible: 0, unproven: 0, gone: 0, blocked: 0, alive: 0, ...counts },
    items,
    complete: true,
  },
})
const revoke = (argv: string[], plan = planOf()) =>
  cli(['revoke', ...argv], { answers: { 'POST /v1/plans': { status: 201, json: plan } } })

describe('curfew revoke of many', () => {
  it('is a plan first: what would die, what cannot, who else is needed, what to type', async () => {
    const { out, exitCode, asked } = await revoke(['--principal', 'agent:deploy-bot', '--reason', 'INC-2231'])
    expect(asked).toMatchObject([
      { path: '/v1/plans', body: { selector: { principal: 'agent:deploy-bot' }, reason: 'INC-2231' } },
    ])
    expect(out.split('\n')).toEqual([
      'PLAN  212 credentials (214 grants of 40 sessions): vault-prod 180, aws-eu 20,',
      'mcp-github 12.',
      '      12 of sessions that were active in the last minute.',
      '      2 grants of others die along: the credential is shared.',
      '      40 sessions or tasks end: what is granted late dies too.',
      '      2 cannot be revoked: exposed until 2023-11-14 22:23:20 UTC.',
      '      Over the cap of 100 for one person. A second person must approve it.',
      'next: curfew approve pl_0123456789   typed by somebody else',
      '      curfew revoke --apply pl_0123456789   then, by you',
      '      curfew revoke --apply pl_0123456789 --break-glass   alone: it pages',
      '      (valid 10m00s; refused if the set grows)',
    ])
    expect(exitCode).toBe(0)
    narrow(out)
  })

  it('inside the cap it says how it is applied', async () => {
    const { out } = await revoke(['--store', 'aws-eu', '--reason', 'x'], planOf({ overCap: false }))
    expect(out).toContain('\napply: curfew revoke --apply pl_0123456789\n       (valid 10m00s')
    narrow(out)
  })

  it('every name goes into the selector, and several at once narrow it', async () => {
    const id = 'c'.repeat(32)
    const cases: [string[], object][] = [
      [['--label', 'team=a', '--label', 'env=x=y', '--store', 's'], { labels: { team: 'a', env: 'x=y' }, store: 's' }],
      [['--grant', id, '--grant', id], { grants: [id, id] }],
      [['--principal', 'deploy-bot', '--held'], { principal: 'agent:deploy-bot', held: true }],
      [['--fingerprint', 'p1:00'], { fingerprint: 'p1:00' }],
      [['--session', 's', '--task', 't', '--dry-run'], { session: 's', task: 't' }],
      [['--grant', id, '--dry-run'], { grants: [id] }],
    ]
    for (const [argv, selector] of cases) {
      const { asked } = await revoke([...argv, '--reason', 'x'])
      expect(asked).toMatchObject([{ path: '/v1/plans', body: { selector } }])
    }
  })

  it('one session or grant acts at once', async () => {
    for (const argv of [
      ['--session', 's'],
      ['--grant', 'g'],
    ]) {
      const { asked } = await revoke([...argv, '--reason', 'x', '--no-wait'])
      expect(asked[0]?.path).toBe('/v1/revocations')
    }
  })

  for (const argv of [
    [],
    ['--principal', 'agent:a'],
    ['--label', 'novalue', '--reason', 'x'],
    ['--session', 's', '--break-glass', '--reason', 'x'],
    ['--task', 't', '--reason', 'x'],
  ])
    it(`curfew revoke ${argv.join(' ')}: exit 64, and nothing is asked`, async () => {
      const { exitCode, asked, err } = await revoke(argv)
      expect([exitCode, asked]).toEqual([64, []])
      narrow(err)
    })
})

describe('curfew revoke --apply', () => {
  const apply = (
    details: { json: PlanDetail }[],
    options: { argv?: string[]; terminal?: boolean; answer?: { status?: number; json: unknown } } = {},
  ) =>
    cli(['revoke', '--apply', 'pl_0123456789', ...(options.argv ?? [])], {
      terminal: options.terminal ?? false,
      answers: {
        'GET /v1/plans/pl_0123456789': details,
        'POST /v1/plans/pl_0123456789/apply': options.answer ?? { status: 202, json: { facts: 252, plan: planOf() } },
      },
    })

  it('applies what was looked at, tells on a terminal how far it is, and ends with what is not dead and why: exit 3', async () => {
    const open = [
      item({ result: 'blocked', code: 'permission', detail: '403 on sys/leases/revoke' }),
      item({ result: 'blocked', code: 'permission', detail: '403 on sys/leases/revoke', handle: 'accessor-2' }),
      item({ result: 'impossible', detail: 'a batch token', exposedUntil: now + 60_000, kind: 'vault.batch-token' }),
    ]
    const { out, exitCode, asked, overwritten } = await apply(
      [
        detailOf({ alive: 212 }),
        detailOf({ dead: 129, blocked: 2, alive: 81 }),
        detailOf({ dead: 209, blocked: 2, impossible: 1 }),
        detailOf({ dead: 209, blocked: 2, impossible: 1 }, open),
      ],
      { terminal: true, argv: ['--timeout', '1'] },
    )
    expect(asked[1]).toMatchObject({ method: 'POST', body: { hash: 'a'.repeat(64), breakGlass: false } })
    expect(overwritten[0]).toMatch(/^ {2}\[#{9}-{7}\] {2}129\/212 {2}129 dead, 2 blocked, 81 still alive/)
    expect(overwritten.at(-1)).toBe('')
    for (const line of overwritten) narrow(line)
    expect(out.split('\n')).toEqual([
      'TAKEN  252 facts are durable. Ctrl-C is safe: the same command resumes.',
      '  RESULT      STORE       KIND               HANDLE      SESSION',
      '  blocked     vault-prod  vault.token        accessor-1  s-1',
      '  blocked     vault-prod  vault.token        accessor-2  s-1',
      '  impossible  vault-prod  vault.batch-token  accessor-1  s-1',
      '  blocked at vault-prod: permission: 403 on sys/leases/revoke',
      '  impossible at vault-prod: a batch token; exposed until 2023-11-14 22:14:20 UTC',
      'PARTLY DONE  209 dead, 2 blocked, 1 impossible.',
      'proof: curfew receipts --plan pl_0123456789',
      'next: curfew revoke --apply pl_0123456789   goes on waiting; it is applied once',
    ])
    expect(exitCode).toBe(3)
    narrow(out)
  })

  it('all dead is done, and nothing is written over where nobody watches', async () => {
    const { out, exitCode, overwritten } = await apply([detailOf({ alive: 212 }), detailOf({ dead: 212 })])
    expect([exitCode, overwritten, out.includes('DONE  212 dead.')]).toEqual([0, [], true])
  })

  it('typed again it says that nothing new was written', async () => {
    const { out } = await apply([detailOf({ dead: 212 })], { answer: { json: { facts: 0, plan: planOf() } } })
    expect(out).toMatch(/^TAKEN BEFORE {2}Nothing new was written/)
  })

  it('an API that is away for a moment does not end the waiting', async () => {
    const lost = { status: 503, json: { code: 'state_unavailable', message: 'gone' } } as never
    const { exitCode } = await apply([detailOf({ alive: 1 }), lost, detailOf({ dead: 212 })])
    expect(exitCode).toBe(0)
  })

  it('--json has every item with its result', async () => {
    const { out, exitCode } = await apply([detailOf({ dead: 211, blocked: 1 }, [item({ result: 'blocked' })])], {
      argv: ['--json', '--timeout', '1'],
    })
    expect([JSON.parse(out).items[0].result, JSON.parse(out).facts, exitCode]).toEqual(['blocked', 252, 3])
  })

  it('broken glass is said', async () => {
    const broken = planOf({ applied: { by: 'alice', at: now, breakGlass: true } })
    const { out, asked } = await apply([detailOf({ dead: 212 })], {
      argv: ['--break-glass'],
      answer: { json: { facts: 1, plan: broken } },
    })
    expect(asked[1]?.body).toMatchObject({ breakGlass: true })
    expect(out).toContain('The glass is broken')
  })

  const refusals: [string, number, number, RegExp][] = [
    ['needs_approval', 403, 77, /curfew approve pl_0123456789 .*somebody else/],
    ['self_approval', 403, 77, /typed by somebody else/],
    ['approval_expired', 403, 77, /curfew approve/],
    ['plan_changed', 409, 1, /makes it again/],
    ['plan_expired', 409, 1, /makes it again/],
    ['no_such_plan', 404, 64, /--dry-run/],
  ]
  for (const [code, status, exit, next] of refusals)
    it(`${code}: exit ${exit}, and what to type next`, async () => {
      const json = { code, message: 'Why it is refused.' }
      const { exitCode, err } = await apply([detailOf({})], { answer: { status, json } })
      expect(exitCode).toBe(exit)
      expect(err).toContain('Why it is refused.')
      expect(err.split('next: ')[1]).toMatch(next)
      narrow(err)
    })
})

describe('curfew approve, held, blocked', () => {
  it('approves exactly what is shown', async () => {
    const approval = { by: 'bob', at: now, expiresAt: now + 600_000, hash: 'a'.repeat(64) }
    const { out, asked, exitCode } = await cli(['approve', 'pl_0123456789'], {
      answers: {
        'GET /v1/plans/pl_0123456789': detailOf({}),
        'POST /v1/plans/pl_0123456789/approval': { json: planOf({ approval }) },
      },
    })
    expect(asked[1]?.body).toEqual({ hash: 'a'.repeat(64) })
    expect(out).toContain('APPROVED  made by oidc:corp:alice: INC-2231 compromised')
    expect(out).toContain('Approved by bob.')
    expect(exitCode).toBe(0)
    narrow(out)
  })

  for (const [command, next] of [
    ['held', 'curfew revoke --held'],
    ['blocked', 'curfew status'],
  ] as const)
    it(`${command}: exit 1 where there is any, with what to type; 0 where there is none`, async () => {
      const list = (grants: object[]) => ({ answers: { [`GET /v1/${command}`]: { json: { grants, complete: true } } } })
      const some = await cli([command], list([grantEntry({ state: 'held', heldSince: now - 60_000 })]))
      expect([some.exitCode, some.out.split('next: ')[1]?.startsWith(next)]).toEqual([1, true])
      narrow(some.out)
      expect((await cli([command], list([]))).exitCode).toBe(0)
    })
})
