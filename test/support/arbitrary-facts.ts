import fc from 'fast-check'
import type { Fact } from '../../schemas/facts.ts'
import { cid, facts, fingerprint, inferred } from './facts.ts'

const t = 1_800_000_000_000
const session = fc.constantFrom('s1', 's2', 's3')
const handle = fc.constantFrom('h1', 'h2', 'h3')
/** Half a surrogate pair is what some sender's string may hold. */
const task = fc.constantFrom('a', 'b', 'half \ud800 pair')
const at = fc.integer({ min: t, max: t + 10_000_000 })
const print = fc.constantFrom('x', 'y', 'z').map(fingerprint)
const mark = fc.constantFrom({}, inferred)
const someLabels = fc.constantFrom({}, { labels: { env: 'prod' } }, { labels: { env: 'dev', 'team/a': 'x=y|z' } })
const byPlan = fc.constantFrom(
  {},
  { plan: 'pl_aaaaaa', approvedBy: 'oidc:corp:bob' },
  { plan: 'pl_aaaaab', breakGlass: true as const },
)
const number = fc.integer({ min: 1, max: 3 })
const life = fc.integer({ min: 1_000, max: 9_000_000 })

/** Facts about few sessions and credentials, so that they collide in every way. */
export const anyFact: fc.Arbitrary<Fact> = fc.oneof(
  fc
    .tuple(session, at, life, fc.option(life, { nil: undefined }), someLabels)
    .map(([s, when, maxLifeMs, idleMs, labels]) =>
      facts.started(s, when, { maxLifeMs, ...labels, ...(idleMs === undefined ? {} : { idleMs }) }),
    ),
  fc.tuple(session, at).map(([s, when]) => facts.active(s, when)),
  fc
    .tuple(session, at, fc.constantFrom('session_ended', 'forced'), mark)
    .map(([s, when, cause, marked]) => facts.ended(s, when, cause, marked)),
  fc.tuple(session, task, at, mark).map(([s, k, when, marked]) => facts.taskEnded(s, k, when, marked)),
  fc
    .tuple(
      session,
      handle,
      at,
      fc.option(task, { nil: undefined }),
      fc.option(at, { nil: undefined }),
      fc.boolean(),
      fc.uniqueArray(print),
      fc.boolean(),
      someLabels,
    )
    .map(([s, h, when, k, expiresAt, renewable, fingerprints, carriesStart, labels]) =>
      facts.granted(s, h, when, {
        ...labels,
        ...(renewable ? { valueSealed: true } : { inside: cid('h3'), replaces: cid('h2') }),
        renewable,
        fingerprints,
        ...(k === undefined ? {} : { task: k }),
        ...(expiresAt === undefined ? {} : { expiresAt }),
        ...(carriesStart ? { start: { maxLifeMs: 5_000_000, idleMs: 70_000 } } : {}),
      }),
    ),
  fc.tuple(handle, at, at).map(([h, when, until]) => facts.renewed(h, when, until)),
  fc.tuple(print, at, fc.boolean()).map(([fp, when, withValue]) => facts.leaked(fp, when, withValue)),
  fc.tuple(handle, at, byPlan).map(([h, when, plan]) => ({ ...facts.forced(h, when), ...plan })),
  fc
    .tuple(handle, at, fc.constantFrom(undefined, 'client a', 'client b'))
    .map(([h, when, witness]) => facts.seen(h, when, witness)),
  fc.tuple(handle, at, fc.constantFrom('k1-a', 'k2-b')).map(([h, when, id]) => facts.sealed(h, when, id)),
  fc
    .tuple(handle, at, fc.integer({ min: 0, max: 2 }), fc.constantFrom('verified', 'unproven', 'impossible'))
    .map(([h, when, epoch, outcome]) =>
      facts.outcome(h, when, { epoch, outcome, ...(outcome === 'verified' ? { recheckAt: when + 99 } : {}) }),
    ),
  fc.tuple(handle, at, fc.integer({ min: 1, max: 2 })).map(([h, when, epoch]) => facts.relapsed(h, when, epoch)),
  fc
    .tuple(handle, at, fc.uniqueArray(print), fc.constantFrom(undefined, '7'), fc.option(at, { nil: undefined }))
    .map(([h, when, fingerprints, keeperVersion, expiresAt]) =>
      facts.held(h, when, {
        fingerprints,
        ...(keeperVersion === undefined ? { valueSealed: true } : { keeperVersion }),
        ...(expiresAt === undefined ? {} : { expiresAt }),
      }),
    ),
  fc
    .tuple(handle, at, number, fc.constantFrom('rotated', 'rolled_back'))
    .map(([h, when, n, cause]) => facts.superseded(h, when, n, cause)),
  fc.tuple(number, at, fc.boolean()).map(([n, when, compromised]) => facts.requested(n, when, { compromised })),
  fc
    .tuple(number, at, fc.constantFrom('issuing', 'promoted', 'rejected'), handle)
    .map(([n, when, step, h]) => facts.step(n, when, step, { cid: cid(h), keeperVersion: '8' })),
  fc
    .tuple(number, at, fc.constantFrom('done', 'rolled_back'))
    .map(([n, when, result]) => facts.rotationEnded(n, when, result)),
)
export const anyFacts = fc.array(anyFact, { maxLength: 40 })
export const handles = ['h1', 'h2', 'h3']
export const someTime = at
