import { FingerprintsUnavailable } from '../pipeline/errors.ts'
import type { IntakeParts } from './translation.ts'

/**
 * Everything by which a leaked value may be known to us: under every live pepper, and as the stores that learn hash it. The
 * value is forgotten by the caller. Throws FingerprintsUnavailable: never drop such a leak, it must come again.
 */
export const leakFingerprints = async ({ edge }: Pick<IntakeParts, 'edge'>, value: string): Promise<string[]> => {
  const known = edge.fingerprints(value)
  const asked = await edge.elsewhere?.(value)
  if (!asked) return known
  const all = [...known, ...asked.fingerprints]
  if (asked.unavailable.length > 0) throw new FingerprintsUnavailable(asked.unavailable, all)
  return all
}
