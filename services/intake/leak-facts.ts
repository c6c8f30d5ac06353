import type { Fact } from '../../schemas/facts.ts'
import { FingerprintsUnavailable, RejectedEvent } from '../pipeline/errors.ts'
import { credentialParts } from './credential-parts.ts'
import { leakFingerprints } from './leak-fingerprints.ts'
import type { FactBase, IntakeParts } from './translation.ts'

type Leak = { values: string[]; source?: string | undefined }

/**
 * A leak by everything by which its values may be known, whole and field by field; they are forgotten here. It brought the value:
 * it is not an inference. Throws FingerprintsUnavailable with what is known already: that may act, and the leak must come again.
 */
export const leakFacts = async (parts: IntakeParts, base: FactBase, leak: Leak): Promise<Fact[]> => {
  const texts = [...new Set(leak.values.flatMap(credentialParts))]
  // The empty value would match every other empty value.
  if (texts.length === 0) throw new RejectedEvent('invalid_data', 'a leak has no value')
  const found = await Promise.all(texts.map(text => knownBy(parts, text)))
  const prints = [...new Set(found.flatMap(one => one.prints))]
  const source = sourceOf(leak)
  const facts = prints.map(fingerprint => ({
    ...base,
    kind: 'leaked' as const,
    fingerprint,
    withValue: true,
    ...source,
  }))
  const unavailable = [...new Set(found.flatMap(one => one.unavailable))]
  if (unavailable.length > 0) throw new FingerprintsUnavailable(unavailable, prints, facts)
  return facts
}

const knownBy = async (parts: IntakeParts, text: string): Promise<{ prints: string[]; unavailable: string[] }> => {
  try {
    return { prints: await leakFingerprints(parts, text), unavailable: [] }
  } catch (error) {
    if (!(error instanceof FingerprintsUnavailable)) throw error
    return { prints: error.known, unavailable: error.stores }
  }
}

/** Dropped where it repeats the value. */
const sourceOf = ({ values, source }: Leak) =>
  source === undefined || source === '' || values.some(value => source.includes(value.trim()))
    ? {}
    : { source: source.slice(0, 256) }
