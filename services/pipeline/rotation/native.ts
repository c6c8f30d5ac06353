import { handleOf, type NativeRotation } from '../keeper-port.ts'
import { adoptUnknown } from './adopt.ts'
import { afterFailure } from './native-failed.ts'
import { rollBack } from './roll-back.ts'
import { again, heldFacts, holdsFence, promoted, type Ran, type Rotating, stepFact, stuck } from './rotating.ts'
import { currentVersion, stepOf } from './secret-view.ts'
import { testNew } from './test-new.ts'

/**
 * The store makes, sets and publishes the new version by itself: it is driven and tracked, and what it made is a version like every
 * other. It has done so before we hear of it, so that there is nothing to roll back to: a new version that does not work is paged.
 */
export const runNative = async (run: Rotating, native: NativeRotation): Promise<Ran> => {
  const { parts, secret, rotation, view } = run
  const rejected = stepOf(rotation, 'rejected')
  if (rejected) return rollBack(run, rejected.reason ?? 'it did not pass')
  const progress = await native.progress(secret, rotation.rotation, currentVersion(view)?.handle)
  if ('problem' in progress) return stuck(run, 'progress', progress.problem)
  if (progress.state === 'failed') return afterFailure(run, progress.reason)
  if (progress.state !== 'done') return progress.state === 'idle' ? start(run, native) : again(1_000)
  const { version } = progress
  // It rotated by a schedule of its own before it was asked to: known from now on, and replaced all the same.
  if (!stepOf(rotation, 'issuing') && (await adoptUnknown(parts, secret, view, version))) return again(200)
  const tested = await testNew(run, version)
  if (tested.state === 'unknown') return stuck(run, 'test', tested.problem)
  if (tested.state === 'failed') return stuck(run, 'test', { code: 'backend', detail: tested.reason })
  const { cid, facts } = heldFacts(run, {
    ...version,
    handle: handleOf(version),
    rotation: rotation.rotation,
  })
  await parts.facts.append([...facts, stepFact(run, 'issued', { cid })])
  parts.crashPoint('after_promote')
  return promoted(run, cid, version.keeperVersion)
}

const start = async (run: Rotating, native: NativeRotation): Promise<Ran> => {
  const { parts, secret, rotation } = run
  await parts.facts.append([stepFact(run, 'issuing')])
  parts.crashPoint('before_issue')
  if (!(await holdsFence(run))) return again(1_000)
  const started = await native.start(secret, rotation.rotation)
  parts.crashPoint('after_issue')
  return 'problem' in started ? stuck(run, 'start', started.problem) : again(200)
}
