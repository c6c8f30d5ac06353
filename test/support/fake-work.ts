import type { Fact } from '../../schemas/facts.ts'
import type { FactEntry } from '../../services/pipeline/fact-key.ts'
import { mergesOf } from '../../services/pipeline/fold.ts'
import { applyMerge, emptyState } from '../../services/pipeline/memory-state.ts'
import { secretHash } from '../../services/pipeline/merges.ts'
import type { Credential, ProbeResult, StepResult, Store, WorkNote, WorkParts } from '../../services/pipeline/ports.ts'
import { secretView } from '../../services/pipeline/rotation/secret-view.ts'
import { viewOf } from './facts.ts'

/** Answers in turn; the last one for ever. */
const inTurn = <T>(answers: T[]) => {
  let next = 0
  return () => answers[Math.min(next++, answers.length - 1)] as T
}
export type FakeStore = Partial<Pick<Store, 'role' | 'propagationMs'>> & {
  probes: ProbeResult[]
  steps?: StepResult[]
}

/** The work over facts in memory and one store that answers from a list: appended facts are folded at once. */
export const fakeWork = (known: Fact[], store: FakeStore) => {
  const state = emptyState()
  const appended: FactEntry[] = []
  const asked: Credential[] = []
  const notes = new Map<string, WorkNote>()
  let steps = 0
  const fold = (fact: FactEntry) => {
    for (const merge of mergesOf(fact)) applyMerge(state, merge)
  }
  known.forEach(fold)
  const [probe, step] = [inTurn(store.probes), inTurn(store.steps ?? [{ state: 'claimed' }])]
  const handleOf = (cid: string) =>
    known.find(fact => (fact.kind === 'granted' || fact.kind === 'version.held') && fact.cid === cid)
  const parts: WorkParts = {
    now: Date.now,
    projection: {
      load: cid => {
        const grant = handleOf(cid)
        return Promise.resolve(
          grant?.kind === 'granted' || grant?.kind === 'version.held' ? viewOf(state, grant.handle) : undefined,
        )
      },
      marks: () => {
        const now = Date.now()
        return Promise.resolve({ ready: true, grantsRead: now, lifecycleRead: now, expiryHoldMs: 0, holdFrom: 0 })
      },
      note: cid => Promise.resolve(notes.get(cid)),
      saveNote: (cid, note) => Promise.resolve(void notes.set(cid, structuredClone(note))),
      admit: () => Promise.resolve(true),
      secret: id => Promise.resolve(secretView(id, state.hashes.get(secretHash(id)) ?? new Map())),
    },
    facts: {
      append: facts => {
        appended.push(...facts)
        facts.forEach(fold)
        return Promise.resolve()
      },
    },
    stores: new Map([
      [
        'vault-local',
        {
          id: 'vault-local',
          role: store.role ?? 'issuer',
          propagationMs: store.propagationMs ?? 0,
          survives: () => [],
          impossible: () => undefined,
          probe: credential => {
            asked.push(credential)
            return Promise.resolve(probe())
          },
          revoke: () => {
            steps += 1
            return Promise.resolve(step())
          },
          close: () => Promise.resolve(),
        },
      ],
    ]),
    secrets: new Map(),
    boundMs: 30_000,
    endOnLeak: false,
    rotationBoundMs: 60_000,
    recheckMs: 300_000,
    observe: () => undefined,
    crashPoint: () => undefined,
  }
  const outcomes = () => appended.flatMap(fact => (fact.kind === 'outcome' ? [fact.receipt] : []))
  return { parts, appended, outcomes, asked, notes, steps: () => steps }
}
