import { handleOf, isMarkOf, type KeptSecret, type KeptVersion, markOf } from '../keeper-port.ts'
import { adoptUnknown } from './adopt.ts'
import { issueNew } from './issue-new.ts'
import { reject, rollBack } from './roll-back.ts'
import {
  again,
  cidOf,
  heldFacts,
  holdsFence,
  promoted,
  type Ran,
  type Rotating,
  stepFact,
  stuck,
  supersededFact,
} from './rotating.ts'
import { stepOf, waitingRotations } from './secret-view.ts'
import { endStrays } from './strays.ts'
import { testNew } from './test-new.ts'

/** What is staged, and whose credential it is. */
type Staged = { cid: string; staged: KeptVersion; current: KeptVersion | undefined }

/**
 * From nothing to the new version in its place: issue, stage, install, test, promote. Whatever breaks off here is taken up by the next
 * attempt, which looks at the stores first; until the promotion the old version works and is what consumers read.
 */
export const begin = async (run: Rotating): Promise<Ran> => {
  const { keeper, secret, rotation, parts } = run
  const rejected = stepOf(rotation, 'rejected')
  if (rejected) return rollBack(run, rejected.reason ?? 'it did not pass')
  const kept = await keeper.read(secret)
  if ('problem' in kept) return stuck(run, 'read', kept.problem)
  // The crash came between the promotion and its fact.
  if (kept.current && isMarkOf(rotation.rotation, kept.current.rotation))
    return promoted(run, cidOf(run, kept.current), kept.current.keeperVersion)
  const adopted = await adoptUnknown(parts, secret, run.view, kept.current)
  if (adopted) return again(200)
  const mine = isMarkOf(rotation.rotation, kept.staged?.rotation)
  if (kept.staged && !mine) return unstick(run)
  const staged = mine && kept.staged ? stagedOf(run, kept, kept.staged) : await makeNew(run, kept)
  if ('state' in staged) return staged
  // Written late, after a later attempt had ended what this one issued.
  if (run.view.versions.some(one => one.cid === staged.cid && one.superseded))
    return reject(run, 'what is staged was revoked already')
  const tested = await testNew(run, staged.staged)
  if (tested.state === 'unknown' && !isTooOld(run)) return stuck(run, 'test', tested.problem)
  const held = await ensureHeld(run, staged)
  if (tested.state === 'unknown') return reject(held, 'the new version could not be tried in time')
  if (tested.state === 'failed') return reject(held, tested.reason)
  if (waitingRotations(run.view).some(one => one.requested?.version === staged.cid))
    return reject(held, 'it leaked before its promotion')
  await parts.facts.append([stepFact(run, 'tested', { cid: staged.cid })])
  parts.crashPoint('after_test')
  return promote(held, staged)
}

/** A version whose server was only now told of it, or whose issue was not recorded: from here on it can be revoked and proven. */
const ensureHeld = async (run: Rotating, { cid, staged }: Staged): Promise<Rotating> => {
  const { parts, rotation, secret, view } = run
  if (view.versions.some(one => one.cid === cid)) return run
  const handle = handleOf(staged)
  const { facts } = heldFacts(run, { ...staged, handle, rotation: rotation.rotation })
  await parts.facts.append(facts)
  const version = { cid, at: parts.now(), rotation: rotation.rotation, store: secret.issuer.store, handle }
  const issued = { at: parts.now(), attempt: run.attempt, cid }
  const steps = { ...rotation.steps, issued: [...(rotation.steps.issued ?? []), issued] }
  return { ...run, rotation: { ...rotation, steps }, view: { ...view, versions: [...view.versions, version] } }
}

const stagedOf = (run: Rotating, { current }: KeptSecret, staged: KeptVersion): Staged => ({
  cid: cidOf(run, staged),
  staged,
  current,
})

/** A staged version of a rotation that is not running: its rotation ended, or somebody else began one. */
const unstick = async (run: Rotating): Promise<Ran> => {
  const { keeper, secret, rotation, parts } = run
  parts.observeRotation({ event: 'rotation_step', secret: secret.id, rotation: rotation.rotation, step: 'unstick' })
  const done = await keeper.unstage(secret)
  return 'problem' in done ? stuck(run, 'unstick', done.problem) : again(0)
}

const makeNew = async (run: Rotating, { current }: KeptSecret): Promise<Staged | Ran> => {
  const { parts, secret, rotation, issuer, attempt } = run
  const strays = await endStrays(run, undefined)
  if ('problem' in strays) return stuck(run, 'search', strays.problem)
  if (strays.living > 0) return again(300)
  const issued = await issueNew(run, current)
  if ('state' in issued) return issued
  const { cid, facts } = heldFacts(run, { ...issued, rotation: rotation.rotation })
  // Where the server is told of a value only later, nothing is alive yet.
  await parts.facts.append([...(issuer.install ? [] : facts), stepFact(run, 'issued', { cid })])
  parts.crashPoint('after_issued_acked')
  if (!(await holdsFence(run))) return tooLate(run, cid)
  const { handle, value, fields } = issued
  const staged = await run.keeper.stage(secret, { value, handle, fields, rotation: rotation.rotation, attempt })
  parts.crashPoint('after_stage')
  if ('problem' in staged) return stuck(run, 'stage', staged.problem)
  // What it holds may be dead by now, and cannot be written over: the next trigger begins anew.
  if ('conflict' in staged) {
    const reason = 'its version at the keeper holds what an earlier attempt issued'
    await parts.facts.append([stepFact(run, 'rejected', { reason })])
    // What was just issued is in the facts, not yet in this view of them.
    return again(0)
  }
  const { keeperVersion } = staged
  await parts.facts.append([stepFact(run, 'staged', { cid, keeperVersion })])
  const mark = markOf({ rotation: rotation.rotation, attempt })
  return { cid, staged: { keeperVersion, value, handle, fields, rotation: mark }, current }
}

/** Somebody else took over while the issuer was asked: what it made is ended, and nothing of it is staged. */
const tooLate = async (run: Rotating, cid: string): Promise<Ran> => {
  await run.parts.facts.append([supersededFact(run, cid, 'rolled_back', run.parts.now())])
  return again(1_000)
}

const promote = async (run: Rotating, { cid, staged, current }: Staged): Promise<Ran> => {
  const { parts, keeper, secret } = run
  if (!(await holdsFence(run))) return again(1_000)
  const done = await keeper.promote(secret, staged, current)
  parts.crashPoint('after_promote')
  if ('problem' in done) return stuck(run, 'promote', done.problem)
  if ('conflict' in done) return reject(run, 'somebody else changed the secret meanwhile')
  return promoted(run, cid, done.keeperVersion)
}

const giveUpMs = 10 * 60_000
/** Nobody can say whether the new version works: after a while the old one stays, and the next trigger tries again. */
const isTooOld = ({ rotation, parts }: Rotating): boolean =>
  parts.now() - (rotation.requested?.at ?? parts.now()) > giveUpMs
