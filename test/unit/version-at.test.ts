import { expect, it } from 'vitest'
import { secretConfig } from '../../schemas/secrets.ts'
import type { RotationView, SecretView, VersionView } from '../../services/pipeline/rotation/secret-view.ts'
import { handlesOfRead, momentOf, versionsAt } from '../../services/pipeline/rotation/version-at.ts'

const minute = 60_000
const t0 = Date.parse('2026-11-29T12:00:00Z')
const secret = secretConfig.parse({
  id: 'one',
  tenant: 'acme',
  keeper: { store: 'aws', name: 'prod/key' },
  issuer: { store: 'keys', kind: 'api.key' },
})
const version = (name: string, at: number, rotation?: string): VersionView => ({
  cid: name,
  at,
  rotation,
  store: 'keys',
  handle: name,
  keeperVersion: name,
})
const rotation = (id: string, cid: string, testedAt: number, promotedAt?: number): RotationView => ({
  rotation: id,
  requested: { at: testedAt - 1_000, cause: 'scheduled', compromised: false },
  locks: [],
  steps: {
    issuing: [{ at: testedAt - 900, attempt: 1 }],
    tested: [{ at: testedAt, attempt: 1 }],
    ...(promotedAt === undefined ? {} : { promoted: [{ at: promotedAt, attempt: 1, cid, keeperVersion: cid }] }),
  },
  ...(promotedAt === undefined ? {} : { ended: { at: promotedAt + 100, result: 'done' as const } }),
})
/** The first one was found at noon; rotated ten and twenty minutes later; somebody wrote by hand after thirty. */
const view: SecretView = {
  secret: 'one',
  versions: [
    version('v1', t0),
    version('v2', t0 + 10 * minute - 2_000, 'r1'),
    version('v3', t0 + 20 * minute - 2_000, 'r2'),
    version('by-hand', t0 + 30 * minute),
  ],
  rotations: [
    rotation('r1', 'v2', t0 + 10 * minute, t0 + 10 * minute + 5_000),
    rotation('r2', 'v3', t0 + 20 * minute, t0 + 20 * minute + 500),
  ],
}
const at = (ms: number, asked?: 'previous' | 'pending') => versionsAt(view, t0 + ms, asked).map(one => one.cid)

it('a read counts for the version that was current then, however late it is told', () => {
  expect(at(5 * minute)).toEqual(['v1'])
  expect(at(15 * minute)).toEqual(['v2'])
  expect(at(40 * minute)).toEqual(['by-hand'])
  // Read before anybody looked: the first one was there.
  expect(at(-60 * minute)).toEqual(['v1'])
})

it('around a promotion it counts for both, and for what somebody may have written by hand already', () => {
  // Between the test and the promotion's fact AWSCURRENT moved at some moment.
  expect(at(10 * minute + 2_000)).toEqual(['v1', 'v2'])
  // AWS cuts its times to the second, and its clock is another one.
  expect(at(10 * minute - 2_500)).toEqual(['v1', 'v2'])
  expect(at(10 * minute + 6_500)).toEqual(['v1', 'v2'])
  expect(at(25 * minute)).toEqual(['v3', 'by-hand'])
})

it('the previous and the pending version are those of then; where there was none, the current one', () => {
  expect(at(15 * minute, 'previous')).toEqual(['v1'])
  expect(at(5 * minute, 'previous')).toEqual(['v1'])
  expect(at(15 * minute, 'pending')).toEqual(['v2', 'v3'])
  expect(at(40 * minute, 'pending')).toEqual(['by-hand'])
})

it('a version that was never promoted was never current', () => {
  const rolledBack = { ...view, versions: [...view.versions, version('v9', t0 + 50 * minute, 'r9')] }
  expect(versionsAt(rolledBack, t0 + 60 * minute).map(one => one.cid)).toEqual(['by-hand'])
})

it('what cannot be known yet is granted by its moment, which stays the same for ever', () => {
  const asked = { asked: 'current' } as const
  const moment = 'prod/key#current@2026-11-29T12:05:00.000Z'
  const empty: SecretView = { secret: 'one', versions: [], rotations: [] }
  expect(handlesOfRead(secret, undefined, asked, t0 + 5 * minute)).toEqual([moment])
  expect(handlesOfRead(secret, empty, asked, t0 + 5 * minute)).toEqual([moment])
  expect(momentOf(moment)).toBe(t0 + 5 * minute)
  expect(momentOf('prod/key#v1')).toBeUndefined()
  expect(handlesOfRead(secret, view, asked, t0 + 5 * minute)).toEqual(['prod/key#v1'])
  // A rotation that may have promoted by then, and has not said so.
  const moving = { ...view, rotations: [...view.rotations, rotation('r3', 'v4', t0 + 40 * minute)] }
  expect(handlesOfRead(secret, moving, asked, t0 + 41 * minute)).toEqual(['prod/key#current@2026-11-29T12:41:00.000Z'])
  expect(handlesOfRead(secret, moving, asked, t0 + 35 * minute)).toEqual(['prod/key#by-hand'])
  expect(handlesOfRead(secret, view, { id: 'v-7' }, t0)).toEqual(['prod/key#v-7'])
})
