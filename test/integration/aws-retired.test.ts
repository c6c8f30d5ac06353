import { describe, expect, it } from 'vitest'
import type { Fact } from '../../schemas/facts.ts'
import type { WorkEvent } from '../../services/pipeline/ports.ts'
import { revoke } from '../../services/pipeline/revoke.ts'
import { cid, facts } from '../support/facts.ts'
import { fakeWork } from '../support/fake-work.ts'
import { secretOf, useLyingAws } from '../support/lying-aws-world.ts'
import { until } from '../support/until.ts'

const world = useLyingAws()

/** The core and this store together, over facts in memory; the secret holds something that is already proven dead. */
const now = Date.now()
const working = (handle: string) => {
  const known: Fact[] = [
    facts.started('s', now - 9_000),
    facts.granted('s', handle, now - 8_000, { credentialKind: 'aws.secret', inside: cid('inner') }),
    facts.granted('s', 'inner', now - 8_000),
    facts.seen(handle, now - 7_000),
    facts.ended('s', now - 1_000),
    facts.outcome('inner', now, { evidence: 'used' }),
  ]
  const work = fakeWork(known, { probes: [] })
  const events: WorkEvent[] = []
  const stores = new Map([['vault-local', world.store]])
  const parts = { ...work.parts, stores, observe: (event: WorkEvent) => void events.push(event) }
  return { ...work, events, attempt: () => revoke(parts, cid(handle), 'leak') }
}

describe('the core in front of it', () => {
  it('a 200 without effect is never believed, and the secret is retired when AWS tells the truth again', async () => {
    world.aws.lies.delete = 'without-effect'
    const arn = world.aws.secret()
    const { attempt, outcomes, events } = working(arn)
    await until('it was deleted twice', async () => {
      await attempt()
      return world.aws.calls.filter(call => call === 'DeleteSecret').length >= 2
    })
    expect(outcomes()).toEqual([])
    expect(events.map(one => one.event)).toContain('window_too_small')
    delete world.aws.lies.delete
    await until('it has its receipt', async () => (await attempt()).state === 'over')
    expect(world.aws.there(arn)).toBe(false)
    expect(outcomes()).toMatchObject([{ outcome: 'verified', evidence: 'used' }])
  })

  it('a deletion that takes its time inside the window is waited for, not repeated', async () => {
    Object.assign(world.aws.lies, { delete: 'later', deleteMs: 250 })
    const arn = world.aws.secret()
    const { attempt, outcomes, events } = working(arn)
    await until('it has its receipt', async () => {
      const { state } = await attempt()
      if (world.aws.there(arn)) expect(outcomes()).toEqual([])
      return state === 'over'
    })
    expect(world.aws.calls.filter(call => call === 'DeleteSecret')).toHaveLength(1)
    expect(events.map(one => one.event)).toEqual(['settled'])
  })

  it('replicas go first, then the secret: no deletion is tried before, and nothing is paged', async () => {
    world.aws.lies.removeMs = 700
    const arn = world.aws.secret({ replicas: ['eu-west-1', 'us-east-1'] })
    const { attempt, outcomes, events } = working(arn)
    expect(await world.store.revoke(secretOf(arn), 'leak')).toEqual({ state: 'queued' })
    await until('it has its receipt', async () => (await attempt()).state === 'over')
    const steps = world.aws.calls.filter(call => call !== 'DescribeSecret')
    expect(steps.filter(call => call === 'DeleteSecret')).toHaveLength(1)
    expect(steps.at(-1)).toBe('DeleteSecret')
    expect(events.map(one => one.event)).toEqual(['settled'])
    expect(outcomes()).toMatchObject([{ outcome: 'verified' }])
  })

  it('a right that is missing is told, and the secret dies when the right is there', async () => {
    world.aws.lies.fail = { DeleteSecret: { status: 400, type: 'AccessDeniedException' } }
    const { attempt, outcomes, notes, events } = working(world.aws.secret())
    expect(await attempt()).toMatchObject({ state: 'again' })
    expect([...notes.values()][0]?.blocked).toMatchObject({
      code: 'permission',
      detail: expect.stringContaining('needs secretsmanager:DeleteSecret'),
    })
    expect(events).toMatchObject([{ event: 'problem', step: 'revoke' }])
    delete world.aws.lies.fail
    await until('it has its receipt', async () => (await attempt()).state === 'over')
    expect(outcomes()).toMatchObject([{ outcome: 'verified' }])
  })
})
