import type { SecretConfig } from '../../../schemas/secrets.ts'
import type { WorkParts } from '../ports.ts'
import { adopt } from './adopt.ts'
import { begin } from './begin.ts'
import { decideRotation, type RotationVerdict } from './decide-rotation.ts'
import { finish } from './finish.ts'
import { usesOf } from './kept-version.ts'
import { runNative } from './native.ts'
import type { RotationParts } from './ports.ts'
import { end, sweep } from './roll-back.ts'
import { again, over, type Ran, type Rotating, request, takeFence } from './rotating.ts'
import { fenceOf, type RotationView, type SecretView, stepOf } from './secret-view.ts'

/**
 * Rotation, written once for every keeper and issuer: issue, stage, test, promote, overlap, revoke, prove, close. Resumable at every
 * line: the facts say how far it came, and what a fact does not say is looked up at the stores before it is done again.
 */
export const rotate = async (parts: RotationParts, id: string): Promise<Ran> => {
  const secret = parts.secrets.get(id)
  if (!secret) return over
  // Half a history: a rotation that is under way could be taken for none.
  if (!(await parts.projection.marks()).ready) return again(1_000)
  const { view, verdict } = await decided(parts, secret)
  switch (verdict.do) {
    case 'nothing':
    case 'adopt':
      return adopt(parts, secret, view)
    case 'request':
      return request(parts, id, verdict.request)
    case 'coalesce':
      return end({ parts, secret, rotation: verdict.rotation }, 'coalesced')
    case 'sweep':
    case 'run':
      return run(parts, secret, view, verdict.rotation, verdict.do)
  }
}

/** What is to be done for a secret now: only looked up. */
export const decided = async (
  { projection, now, recheckMs }: Pick<WorkParts, 'projection' | 'now' | 'recheckMs'>,
  secret: SecretConfig,
): Promise<{ view: SecretView; verdict: RotationVerdict }> => {
  const view = await projection.secret(secret.id)
  const uses = await usesOf({ projection }, secret, view)
  return { view, verdict: decideRotation(secret, view, now(), { sweepMs: recheckMs, uses }) }
}

const run = async (
  parts: RotationParts,
  secret: SecretConfig,
  view: SecretView,
  rotation: RotationView,
  what: 'run' | 'sweep',
): Promise<Ran> => {
  const issuer = parts.stores.get(secret.issuer.store)
  const keeper = parts.stores.get(secret.keeper.store)?.keeper
  const native = keeper?.native?.(secret)
  const missing = lacks(secret, native ?? issuer?.reserve ?? (issuer?.issue && issuer.named), keeper)
  if (missing !== undefined || !issuer || !keeper)
    return end({ parts, secret, rotation }, 'impossible', missing ?? 'its stores are not in the config')
  const attempt = Math.max(1, fenceOf(rotation)?.attempt ?? 1)
  const world: Rotating = { parts, secret, view, rotation, keeper, issuer, attempt }
  if (what === 'sweep') return sweep(world)
  const promoted = stepOf(rotation, 'promoted')
  if (promoted) return finish(world, promoted)
  const fenced = await takeFence(world)
  if (!fenced) return again(500)
  const done = stepOf(fenced.rotation, 'promoted')
  if (done) return finish(fenced, done)
  return native ? runNative(fenced, native) : begin(fenced)
}

/** Without a name to search by, a crash between issue and stage would leave a second living credential. */
const lacks = (secret: SecretConfig, issues: unknown, keeper: unknown): string | undefined => {
  if (!keeper) return `store "${secret.keeper.store}" keeps no secrets that can be rotated`
  return issues
    ? undefined
    : `store "${secret.issuer.store}" can neither issue under a name and list by it, nor reserve`
}
