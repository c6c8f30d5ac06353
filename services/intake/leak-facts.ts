import type { Fact } from '../../schemas/facts.ts'
import { RejectedEvent } from '../pipeline/errors.ts'
import { credentialParts } from './credential-parts.ts'
import { leakFingerprints } from './leak-fingerprints.ts'
import type { FactBase, IntakeParts } from './translation.ts'

/** Everything by which these values may be known, whole and field by field. They are forgotten here. */
export const fingerprintsOfValues = async (parts: IntakeParts, values: string[]): Promise<string[]> => {
  const texts = [...new Set(values.flatMap(credentialParts))]
  // The empty value would match every other empty value.
  if (texts.length === 0) throw new RejectedEvent('invalid_data', 'a leak has no value')
  const prints = await Promise.all(texts.map(text => leakFingerprints(parts, text)))
  return [...new Set(prints.flat())]
}

/** A leak that brought the value is not an inference. Its source is dropped where it repeats the value. */
export const leakFacts = async (
  parts: IntakeParts,
  base: FactBase,
  { values, source }: { values: string[]; source?: string | undefined },
): Promise<Fact[]> => {
  const prints = await fingerprintsOfValues(parts, values)
  const tells = source === undefined || source === '' || values.some(value => source.includes(value.trim()))
  const found = tells ? {} : { source: source.slice(0, 256) }
  return prints.map(fingerprint => ({ ...base, kind: 'leaked', fingerprint, withValue: true, ...found }))
}
