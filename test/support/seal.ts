import { CompactEncrypt, importJWK } from 'jose'
import type { Config } from '../../schemas/config.ts'
import { edge } from '../../services/intake/fingerprints.ts'
import { loadKeyRings, publicIntakeKey } from '../../services/runtime/key-rings.ts'
import { sealing } from '../../services/runtime/sealing.ts'

/** A value as a sender seals it: a JWE to Curfew's public intake key. */
export const seal = async (config: Config, value: string): Promise<string> => {
  const jwk = publicIntakeKey(await loadKeyRings(config.keysDir))
  return new CompactEncrypt(new TextEncoder().encode(value))
    .setProtectedHeader({ alg: 'ECDH-ES+A256KW', enc: 'A256GCM', ...(jwk.kid === undefined ? {} : { kid: jwk.kid }) })
    .encrypt(await importJWK(jwk, 'ECDH-ES+A256KW'))
}

export const fingerprintOf = async (config: Config, value: string): Promise<string> => {
  const rings = await loadKeyRings(config.keysDir)
  return edge(rings, sealing(rings.sealing)).fingerprint(value)
}
