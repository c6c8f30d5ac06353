import { describe, expect, it } from 'vitest'
import type { Fact } from '../../schemas/facts.ts'
import { decide } from '../../services/pipeline/decide.ts'
import { revoke } from '../../services/pipeline/revoke.ts'
import { cid, facts, folded, inferred, viewOf } from '../support/facts.ts'
import { fakeWork } from '../support/fake-work.ts'

const at = Date.now() - 10_000
const known = [facts.started('s', at), facts.granted('s', 'h', at, { task: 't' })]
const alive = { state: 'alive', evidence: 'target' } as const
const dead = { state: 'dead', evidence: 'target' } as const
const receiptAfter = async (...ends: Fact[]) => {
  const work = fakeWork([...known, ...ends], { probes: [alive, dead] })
  await revoke(work.parts, cid('h'), 'kill')
  return work.outcomes()[0]
}
const plan = { by: 'oidc:corp:alice', plan: 'pl_aaaaaa', approvedBy: 'oidc:corp:bob' }
const forced = (when: number, more: object = plan): Fact => ({ ...facts.forced('h', when), ...more }) as Fact

describe('a receipt says who forced it, why, and by which plan', () => {
  it('with the second person, or that the glass was broken', async () => {
    expect(await receiptAfter(forced(at + 1))).toMatchObject({ cause: 'forced', forced: plan })
    const broken = { by: 'alice', plan: 'pl_bbbbbb', breakGlass: true }
    expect((await receiptAfter(forced(at + 1, broken)))?.forced).toMatchObject(broken)
  })

  it('also where an earlier cause killed it: it was in the plan', async () => {
    expect(await receiptAfter(facts.ended('s', at + 1), forced(at + 2))).toMatchObject({
      cause: 'session_ended',
      forced: plan,
    })
  })

  it('a forced end of its session or task says it too, and an end that nobody forced says nothing', async () => {
    const end = (fact: Fact) => ({ ...fact, cause: 'forced', reason: 'INC-1', ...plan }) as Fact
    expect((await receiptAfter(end(facts.ended('s', at + 1))))?.forced).toEqual({ ...plan, reason: 'INC-1' })
    expect((await receiptAfter(end(facts.taskEnded('s', 't', at + 1))))?.forced).toEqual({ ...plan, reason: 'INC-1' })
    expect((await receiptAfter(facts.ended('s', at + 1)))?.forced).toBeUndefined()
  })

  it('of two forces the earliest stands whole, in whatever order they are read', async () => {
    const [one, two] = [forced(at + 1, { by: 'a', plan: 'pl_aaaaaa', approvedBy: 'b' }), forced(at + 1, { by: 'c' })]
    const answers = await Promise.all([receiptAfter(one, two), receiptAfter(two, one)])
    expect(answers[0]?.forced).toEqual(answers[1]?.forced)
    expect(answers[0]?.forced).toMatchObject({ by: 'a', plan: 'pl_aaaaaa', approvedBy: 'b' })
  })
})

it('an inferred kill that a person forced is not inferred any more: the cap does not hold it', () => {
  const marks = { grantsRead: Date.now(), lifecycleRead: Date.now(), expiryHoldMs: 0, holdFrom: 0 }
  const verdict = (...more: Fact[]) => {
    const view = viewOf(folded([...known, facts.ended('s', at + 1, 'session_ended', inferred), ...more]), 'h')
    return view && decide(view, Date.now(), marks)
  }
  expect(verdict()).toMatchObject({ due: true, inferred: true })
  expect(verdict(forced(at + 2))).toMatchObject({ due: true, inferred: false, cause: { cause: 'forced' } })
})

it('labels only grow: a second start cannot take a session out of reach', () => {
  const starts = [{ env: 'prod' }, { env: 'dev', team: 'a' }].map(labels => facts.started('s', at, { labels }))
  const grant = facts.granted('s', 'h', at, { labels: { use: 'x=y' } })
  for (const all of [starts, starts.toReversed()]) {
    const view = viewOf(folded([...all, grant]), 'h')
    expect(view?.grants[0]?.session.labels).toEqual(['env=dev', 'env=prod', 'team=a'])
    expect(view?.grants[0]?.labels).toEqual(['use=x=y'])
  }
})
