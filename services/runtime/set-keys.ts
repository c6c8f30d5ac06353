import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { exportJWK, generateKeyPair, type JWK } from 'jose'
import type { SetAlgorithm } from '../../schemas/signals.ts'
import { jwkFile, ring } from './key-rings.ts'

export type SetKeys = { current: { kid: string; jwk: JWK; algorithm: SetAlgorithm }; publicKeys: JWK[] }

/**
 * The keys that sign Security Event Tokens, made at the first start. To change one: add it to the file, wait until receivers have
 * fetched the set, make it `current`; the old one stays until nothing that it signed is on its way.
 */
export const loadSetKeys = async (dir: string, algorithm: SetAlgorithm): Promise<SetKeys> => {
  const { current, keys } = await ring(join(dir, `set-keys-${algorithm.toLowerCase()}.json`), jwkFile, async () => {
    const kid = `set-${randomBytes(4).toString('hex')}`
    const { privateKey } = await generateKeyPair(algorithm, { extractable: true, modulusLength: 2048 })
    const { kty = '', ...key } = await exportJWK(privateKey)
    return { current: kid, keys: { [kid]: { ...key, kty, kid, alg: algorithm, use: 'sig' } } }
  })
  return {
    current: { kid: current, jwk: keys[current] as JWK, algorithm },
    publicKeys: Object.values(keys).map(key => publicHalf(key as JWK)),
  }
}

/** An allow-list: a field that is not known to be public is not published. */
const publicHalf = ({ kty, kid, alg, use, n, e, crv, x, y }: JWK): JWK =>
  JSON.parse(JSON.stringify({ kty, kid, alg, use, n, e, crv, x, y }))
