import { appendFileSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import type { BreakGlassAct } from '../../schemas/break-glass.ts'
import { reconcileActs } from '../../services/break-glass-told.ts'
import { killByHand } from '../../services/pipeline/by-hand.ts'
import type { FactEntry } from '../../services/pipeline/fact-key.ts'
import { credentialId } from '../../services/pipeline/ids.ts'
import type { ProbeResult } from '../../services/pipeline/ports.ts'
import { breakGlassJournal } from '../../services/runtime/break-glass-journal.ts'
import { cli } from '../support/cli-world.ts'
import { fakeWork } from '../support/fake-work.ts'

const dir = mkdtempSync(join(tmpdir(), 'curfew-glass-'))
const file = join(dir, 'break-glass.jsonl')
afterEach(() => rmSync(dir, { recursive: true, force: true }))

const act: BreakGlassAct = {
  line: 'act',
  act: 'a'.repeat(32),
  at: 1_700_000_000_000,
  by: 'break-glass:someone@here',
  reason: 'INC-1',
  ledger: 'facts',
  credential: credentialId('vault-local', 'h'),
  store: 'vault-local',
  kind: 'vault.token',
  handle: 'h',
}
const alive: ProbeResult = { state: 'alive', evidence: 'target' }
const dead: ProbeResult = { state: 'dead', evidence: 'target' }

const byHand = (probes: ProbeResult[], timeoutMs = 1_000) => {
  const work = fakeWork([], { probes })
  const seen: number[] = []
  const parts = {
    stores: work.parts.stores,
    boundMs: 30_000,
    timeoutMs,
    now: Date.now,
    pause: () => Promise.resolve(),
    interrupted: () => false,
    onSeen: (at: number) => void seen.push(at),
    receipts: new Map(),
  }
  return { seen, steps: work.steps, done: killByHand(parts, act) }
}

describe('by hand, without the ledger', () => {
  it('it is dead only when it was seen alive, told to end, and then refused', async () => {
    const { done, seen } = byHand([alive, dead])
    expect(await done).toMatchObject({ outcome: 'verified', evidence: 'target' })
    // Said before the step, and again with the outcome: one fact.
    expect([seen.length > 0, new Set(seen).size]).toEqual([true, 1])
  })

  it('what was never seen alive proves nothing, and what is still accepted is not dead', async () => {
    expect((await byHand([dead]).done).outcome).not.toBe('verified')
    expect(await byHand([alive], 0).done).toMatchObject({ outcome: 'alive', why: 'still accepted' })
  })
})

describe('the journal and the ledger', () => {
  const ledger = () => {
    const appended: FactEntry[] = []
    return { appended, append: (facts: FactEntry[]) => Promise.resolve(void appended.push(...facts)) }
  }

  it('each act is told once, marked; a torn line and another ledger are left alone', async () => {
    const journal = breakGlassJournal(file)
    journal.append([act, { ...act, act: 'b'.repeat(32), ledger: 'another' }])
    journal.append([{ line: 'seen', act: act.act, at: act.at + 5 }])
    appendFileSync(file, '{"line":"act","act":"torn')
    const facts = ledger()
    expect(await reconcileActs(journal, 'facts', facts)).toMatchObject({ told: 1, before: 0 })
    expect(await reconcileActs(journal, 'facts', facts)).toMatchObject({ told: 0, before: 1 })
    const { at, by, reason, credential: cid } = act
    expect(facts.appended).toEqual([
      expect.objectContaining({ kind: 'seen', at: at + 5, cid }),
      { v: 1, kind: 'forced', at, event: act.act, by, cid, reason, breakGlass: true },
    ])
  })

  it('a crash before it was written down tells the same bytes again, which compaction removes', async () => {
    const journal = breakGlassJournal(file)
    journal.append([act])
    const facts = ledger()
    const torn = { ...journal, append: () => void 0 }
    await reconcileActs(torn, 'facts', facts)
    await reconcileActs(torn, 'facts', facts)
    expect(facts.appended[0]).toEqual(facts.appended[1])
  })
})

describe('curfew revoke --break-glass', () => {
  const ran: string[] = []
  const plan = () =>
    Promise.resolve({
      by: act.by,
      journal: file,
      acts: [act],
      warnings: ['1 held by other sessions too: those lose it as well.'],
      run: (tell: (done: { act: BreakGlassAct; outcome: 'verified' }) => void) => {
        ran.push('run')
        const done = { act, outcome: 'verified' as const }
        tell(done)
        return Promise.resolve([done])
      },
      close: () => Promise.resolve(),
    })
  const world = { breakGlass: { plan, reconcile: () => Promise.reject(new Error('no Kafka')) } }
  const args = ['revoke', '--break-glass', '--config', 'c.yaml', '--grant', 'aaaa', '--reason', 'INC-1']

  it('is loud, and does nothing before a person has typed how many', async () => {
    const refused = await cli(args, { ...world, typed: 'yes' })
    expect(refused).toMatchObject({ exitCode: 64 })
    expect(await cli(args, world), 'nobody sits there').toMatchObject({ exitCode: 64 })
    expect(ran).toEqual([])
    const done = await cli(args, { ...world, typed: 'kill 1' })
    expect(done).toMatchObject({ exitCode: 0, asked: [] })
    expect(done.err).toMatch(/^BREAK-GLASS[\s\S]*someone@here[\s\S]*! 1 held by other sessions/)
    expect(ran).toEqual(['run'])
  })

  it('without a reason, or with two names, it is a usage error', async () => {
    expect(await cli(args.slice(0, -2), world)).toMatchObject({ exitCode: 64 })
    expect(await cli([...args, '--session', 's'], world)).toMatchObject({ exitCode: 64 })
  })

  it('a ledger that cannot be told yet loses nothing: exit 2, and what to type later', async () => {
    const { exitCode, err } = await cli(['break-glass', 'reconcile', '--config', 'c.yaml'], world)
    expect([exitCode, err.includes('the journal stands')]).toEqual([2, true])
  })
})
