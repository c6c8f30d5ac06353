import type { Problem } from '../errors.ts'
import { handleOf, type KeptVersion } from '../keeper-port.ts'
import type { Rotating } from './rotating.ts'

export type Tested = { state: 'passed' } | { state: 'failed'; reason: string } | { state: 'unknown'; problem: Problem }

const patienceMs = 5_000
const neverAnswered: Problem = { code: 'unreachable', detail: 'the place of use was not asked' }

/**
 * The new value is used where its consumers use it, and a word that nobody issued is tried too: a server that was started with an
 * empty key accepts everybody, and would pass. A refusal is waited for as long as a door may need to know a new value.
 */
export const testNew = async (run: Rotating, version: KeptVersion): Promise<Tested> => {
  const { issuer, secret, rotation, parts } = run
  const { keeperVersion, value, handle } = version
  const installed = await issuer.install?.({
    secret: secret.id,
    keeperVersion,
    rotation: rotation.rotation,
    handle: handleOf(version),
  })
  if (installed && 'problem' in installed) return { state: 'unknown', problem: installed.problem }
  const { use } = issuer
  if (!use) return { state: 'failed', reason: `store "${issuer.id}" describes no place where the value is used` }
  const until = parts.now() + patienceMs + issuer.propagationMs
  for (;;) {
    const used = await use(value, 'kill', handle)
    if (used.state === 'accepted') return await refusesOthers(run, handle)
    if (used.state === 'unknown') return { state: 'unknown', problem: used.problem ?? neverAnswered }
    if (parts.now() > until) return { state: 'failed', reason: 'the new value is refused where it is used' }
    await parts.pause(250)
  }
}

const refusesOthers = async ({ issuer, parts }: Rotating, handle: string | undefined): Promise<Tested> => {
  const other = await issuer.use?.(parts.random(), 'kill', handle)
  if (other?.state === 'refused') return { state: 'passed' }
  if (other?.state === 'accepted') return { state: 'failed', reason: 'a word that nobody issued is accepted too' }
  return { state: 'unknown', problem: other?.problem ?? neverAnswered }
}
