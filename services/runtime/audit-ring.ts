import { existsSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { calculateJwkThumbprint, exportJWK, generateKeyPair, type JWK } from 'jose'
import { jwkFile, ring } from './key-rings.ts'

/**
 * Of the key that signs the export of receipts, loaded only by who exports. Its kid is its thumbprint (RFC 7638), so that no
 * other key can have it. `make`: at the very first start of an exporter.
 */
export const loadAuditRing = async (
  dir: string,
  make: boolean,
): Promise<{ current: string; keys: ReadonlyMap<string, JWK> }> => {
  const file = join(dir, 'audit-keys.json')
  if (make) mkdirSync(dir, { recursive: true, mode: 0o700 })
  else if (!existsSync(file)) throw new Error(`${file} does not exist: no receipts were exported with these keys yet`)
  const { current, keys } = await ring(file, jwkFile, newAuditRing)
  return { current, keys: new Map(Object.entries(keys) as [string, JWK][]) }
}

const newAuditRing = async () => {
  const { privateKey } = await generateKeyPair('Ed25519', { extractable: true })
  const jwk = await exportJWK(privateKey)
  const kid = await calculateJwkThumbprint(jwk)
  return { current: kid, keys: { [kid]: { ...jwk, kty: 'OKP', kid, alg: 'EdDSA', use: 'sig' } } }
}
