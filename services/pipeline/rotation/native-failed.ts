import { handleOf, type KeptVersion } from '../keeper-port.ts'
import { reject } from './roll-back.ts'
import { again, heldFacts, holdsFence, promoted, type Ran, type Rotating, stepFact, stuck } from './rotating.ts'
import { testNew } from './test-new.ts'

/**
 * The store's own rotation broke off. What it left staged may be alive already: it is a version like every other, revoked and proven when
 * this is rolled back. Where it is the only one that works (the old value was taken away first), the only way is forward.
 */
export const afterFailure = async (run: Rotating, reason: string): Promise<Ran> => {
  const { keeper, secret, rotation, issuer, parts, view } = run
  const kept = await keeper.read(secret)
  if ('problem' in kept) return stuck(run, 'read', kept.problem)
  const { current, staged } = kept
  if (!staged || staged.value === '') return reject(run, reason)
  const handle = handleOf(staged)
  const { cid, facts } = heldFacts(run, { ...staged, handle, rotation: rotation.rotation })
  if (!view.versions.some(one => one.cid === cid)) {
    await parts.facts.append([...facts, stepFact(run, 'issued', { cid })])
    return again(0)
  }
  const old = current && (await issuer.use?.(current.value, 'kill', current.handle))
  if (old?.state === 'unknown') return stuck(run, 'test', old.problem)
  if (old?.state !== 'refused') return reject(run, reason)
  const tested = await testNew(run, staged)
  if (tested.state === 'unknown') return stuck(run, 'test', tested.problem)
  return tested.state === 'passed' ? forward(run, cid, staged, current) : reject(run, reason)
}

const forward = async (
  run: Rotating,
  cid: string,
  staged: KeptVersion,
  current: KeptVersion | undefined,
): Promise<Ran> => {
  const { keeper, secret, parts } = run
  if (!(await holdsFence(run))) return again(1_000)
  const done = await keeper.promote(secret, staged, current)
  if ('problem' in done) return stuck(run, 'promote', done.problem)
  if ('conflict' in done) return again(1_000)
  parts.crashPoint('after_promote')
  return promoted(run, cid, done.keeperVersion)
}
