import { randomBytes } from 'node:crypto'
import { existsSync, linkSync, mkdirSync, readFileSync, unlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { exportJWK, generateKeyPair, type JWK } from 'jose'
import { z } from 'zod'

const secretFile = z.object({ current: z.string(), keys: z.record(z.string(), z.base64()) })
const jwk = z.looseObject({ kty: z.string(), kid: z.string() })
export const jwkFile = z.object({ current: z.string(), keys: z.record(z.string(), jwk) })

type SecretRing = { current: string; keys: ReadonlyMap<string, Buffer> }
export type LoadedKeyRings = {
  peppers: SecretRing
  /** Of values that a store must be shown (RFC 7009). A retired key stays until nothing unsettled needs it. */
  sealing: SecretRing
  intake: { current: string; keys: ReadonlyMap<string, JWK> }
}

/**
 * Loads the key rings, or makes them at the very first start. They live outside Redis and outside temporary folders: a lost
 * pepper is a leak that can no longer be matched. A ring without its current key is refused.
 */
export const loadKeyRings = async (dir: string): Promise<LoadedKeyRings> => {
  mkdirSync(dir, { recursive: true, mode: 0o700 })
  const intake = await ring(join(dir, 'intake-keys.json'), jwkFile, newIntakeRing)
  return {
    peppers: await secretRing(join(dir, 'peppers.json'), 'p'),
    sealing: await secretRing(join(dir, 'sealing-keys.json'), 's'),
    intake: { current: intake.current, keys: new Map(Object.entries(intake.keys) as [string, JWK][]) },
  }
}

const secretRing = async (file: string, letter: string): Promise<SecretRing> => {
  const { current, keys } = await ring(file, secretFile, () => {
    const kid = `${letter}${randomBytes(4).toString('hex')}`
    return Promise.resolve({ current: kid, keys: { [kid]: randomBytes(32).toString('base64') } })
  })
  return { current, keys: new Map(Object.entries(keys).map(([kid, key]) => [kid, Buffer.from(key, 'base64')])) }
}

const newIntakeRing = async () => {
  const kid = `i${randomBytes(4).toString('hex')}`
  const { privateKey } = await generateKeyPair('ECDH-ES+A256KW', { crv: 'P-256', extractable: true })
  const key = { ...(await exportJWK(privateKey)), kty: 'EC', kid, alg: 'ECDH-ES+A256KW', use: 'enc' }
  return { current: kid, keys: { [kid]: key } }
}

/** Made where it does not exist. Refused where it has no current key. */
export const ring = async <T extends { current: string; keys: Record<string, unknown> }>(
  file: string,
  schema: z.ZodType<T>,
  make: () => Promise<T>,
): Promise<T> => {
  if (!existsSync(file)) {
    const temporary = `${file}.${process.pid}`
    writeFileSync(temporary, JSON.stringify(await make(), undefined, 2), { mode: 0o600 })
    try {
      // Fails where the file exists: several processes may start at once, the first one's ring stands.
      linkSync(temporary, file)
    } catch (error) {
      if (!existsSync(file)) throw error
    } finally {
      unlinkSync(temporary)
    }
  }
  const parsed = schema.parse(JSON.parse(readFileSync(file, 'utf8')))
  if (!(parsed.current in parsed.keys)) throw new Error(`${file}: the current key "${parsed.current}" is missing`)
  return parsed
}

/** The public half of the intake key, for senders. */
export const publicIntakeKey = (rings: LoadedKeyRings): JWK => {
  const key = rings.intake.keys.get(rings.intake.current)
  if (!key) throw new Error('the current intake key is missing')
  const { d: _private, ...publicKey } = key
  return publicKey
}
