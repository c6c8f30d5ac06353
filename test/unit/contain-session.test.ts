import { beforeEach, describe, expect, it } from 'vitest'
import { containSession } from '../../services/stores/aws-sts/contain-session.ts'
import { denyPolicy, isOurs, neededUntil, policyName } from '../../services/stores/aws-sts/deny-policy.ts'
import type { IamCalls } from '../../services/stores/aws-sts/iam-calls.ts'
import { endOf, roleSession } from '../../services/stores/aws-sts/role-session.ts'

const arn = 'arn:aws:sts::111122223333:assumed-role/agent'
const hour = 3_600_000
const issuedAt = Date.parse('2026-11-29T20:00:05Z')
const handleOf = (name: string) => `${arn}/${name}@2026-11-29T20:00:05Z`

describe('what names one session', () => {
  it('the assumed-role ARN and the second of its issue; a name may hold an @', () => {
    expect(roleSession(handleOf('run-1@build'))).toEqual({
      accountId: '111122223333',
      role: 'agent',
      name: 'run-1@build',
      issuedAt,
    })
    for (const wrong of [`${arn}/run-1`, `${arn}/run-1@2026-11-29`, `${arn}/*@2026-11-29T20:00:05Z`, 'run-1', ''])
      expect(roleSession(wrong)).toBeUndefined()
  })

  it('it ends when its issuer said, after twelve hours at the latest', () => {
    const session = roleSession(handleOf('run-1'))
    if (!session) throw new Error('no session')
    expect(endOf(session, issuedAt + hour)).toBe(issuedAt + hour)
    expect(endOf(session, undefined)).toBe(issuedAt + 12 * hour)
    expect(endOf(session, issuedAt + 30 * hour)).toBe(issuedAt + 12 * hour)
  })

  it('the policy denies to that name of that role at that time, and says until when it is needed', () => {
    const session = roleSession(handleOf('run-1'))
    if (!session) throw new Error('no session')
    const policy = denyPolicy(session, { roleId: 'AROAEXAMPLE', withinMs: 2_000, until: issuedAt + hour })
    expect(policy).toEqual({
      Version: '2012-10-17',
      Statement: [
        {
          Sid: 'Until20261129T210005Z',
          Effect: 'Deny',
          Action: '*',
          Resource: '*',
          Condition: {
            StringEquals: { 'aws:userid': 'AROAEXAMPLE:run-1' },
            DateGreaterThanEquals: { 'aws:TokenIssueTime': '2026-11-29T20:00:03Z' },
            DateLessThanEquals: { 'aws:TokenIssueTime': '2026-11-29T20:00:07Z' },
          },
        },
      ],
    })
    expect(neededUntil(policy)).toBe(issuedAt + hour)
    expect(JSON.stringify(policy).length).toBeLessThan(350)
  })
})

describe('containing, over an IAM in memory', () => {
  let policies: Map<string, unknown>
  let puts: number
  let lies: Partial<IamCalls>
  const iam = (): IamCalls => ({
    roleId: () => Promise.resolve({ output: 'AROAEXAMPLE' }),
    policies: () => Promise.resolve({ output: [...policies.keys()] }),
    policy: (_, name) =>
      Promise.resolve(policies.has(name) ? { output: policies.get(name) } : ({ absent: true } as const)),
    put: (_, name, document) => {
      puts += 1
      policies.set(name, JSON.parse(JSON.stringify(document)))
      return Promise.resolve({ output: {} })
    },
    remove: (_, name) => {
      policies.delete(name)
      return Promise.resolve({ output: {} })
    },
    ...lies,
  })
  const contain = (name: string, more: { compromised?: boolean; known?: boolean; now?: number } = {}) => {
    const session = roleSession(handleOf(name))
    if (!session) throw new Error('no session')
    const until = issuedAt + hour
    const parts = { handle: handleOf(name), session, until, withinMs: 2_000, most: 4, lane: 'kill' } as const
    const { compromised = false, known = false, now = issuedAt + 1_000 } = more
    return containSession({ iam: iam(), ...parts, now: () => now }, { compromised, known })
  }
  beforeEach(() => {
    policies = new Map<string, unknown>([['app', { Statement: 'of others' }]])
    puts = 0
    lies = {}
  })

  it('is done once, and anew where somebody took it away or changed it', async () => {
    expect(await contain('run-1')).toMatchObject({ state: 'contained', exposedUntil: issuedAt + hour })
    expect(await contain('run-1')).toMatchObject({ state: 'contained' })
    expect(puts).toBe(1)
    policies.set(policyName(handleOf('run-1')), { Statement: [] })
    expect(await contain('run-1', { known: true })).toMatchObject({ state: 'contained', again: true })
    policies.delete(policyName(handleOf('run-1')))
    expect(await contain('run-1', { known: true })).toMatchObject({ state: 'contained', again: true })
    expect(puts).toBe(3)
    expect([...policies.keys()].filter(name => !isOurs(name))).toEqual(['app'])
  })

  it('only what was read back contains: a success without effect does not, a timeout with one does', async () => {
    lies.put = () => Promise.resolve({ output: {} })
    expect(await contain('run-1')).toMatchObject({ state: 'failed', problem: { code: 'backend' } })
    lies.put = (_, name, document) => {
      policies.set(name, document)
      return Promise.resolve({ problem: { code: 'timeout', detail: 'no answer in time' } })
    }
    expect(await contain('run-1')).toMatchObject({ state: 'contained' })
    lies.put = () =>
      Promise.resolve({ problem: { code: 'backend', detail: 'role agent: its inline policies are full' } })
    expect(await contain('run-2')).toMatchObject({
      state: 'failed',
      problem: { detail: expect.stringMatching('full') },
    })
  })

  it('a role takes so many, the last ones only what leaked, and those that ended make room', async () => {
    for (const name of ['run-1', 'run-2', 'run-3']) expect(await contain(name)).toMatchObject({ state: 'contained' })
    expect(await contain('run-4')).toMatchObject({
      state: 'failed',
      problem: { detail: expect.stringMatching('3 contained sessions, of 3') },
    })
    expect(await contain('run-4', { compromised: true })).toMatchObject({ state: 'contained' })
    expect(await contain('run-5', { compromised: true })).toMatchObject({ state: 'failed' })
    // What is there already is not counted again.
    expect(await contain('run-1')).toMatchObject({ state: 'contained' })
    expect(await contain('run-5', { now: issuedAt + hour + 61_000 })).toMatchObject({ state: 'contained' })
    expect([...policies.keys()]).toEqual(['app', policyName(handleOf('run-5'))])
  })

  it('a role that is gone needs none; one that cannot be asked about is tried again', async () => {
    lies.roleId = () => Promise.resolve({ absent: true })
    expect(await contain('run-1')).toMatchObject({ state: 'impossible', reason: 'the role agent is gone' })
    lies.roleId = () => Promise.resolve({ problem: { code: 'permission', detail: 'needs iam:GetRole on role agent' } })
    expect(await contain('run-1')).toMatchObject({ state: 'failed', problem: { code: 'permission' } })
    expect(puts).toBe(0)
  })
})
