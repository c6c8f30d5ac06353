import { randomBytes } from 'node:crypto'
import { existsSync, linkSync, mkdirSync, readFileSync, unlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { exportJWK, generateKeyPair, type JWK } from 'jose'
import { z } from 'zod'

const pepperFile = z.object({ current: z.string(), keys: z.record(z.string(), z.base64()) })
const jwk = z.looseObject({ kty: z.string(), kid: z.string() })
const intakeFile = z.object({ current: z.string(), keys: z.record(z.string(), jwk) })

export type LoadedKeyRings = {
  peppers: { current: string; keys: ReadonlyMap<string, Buffer> }
  intake: { current: string; keys: ReadonlyMap<string, JWK> }
}

/**
 * Loads the key rings, or makes them at the very first start. They live outside Redis and outside temporary folders: a lost
 * pepper is a leak that can no longer be matched. A ring without its current key is refused.
 */
export const loadKeyRings = async (dir: string): Promise<LoadedKeyRings> => {
  mkdirSync(dir, { recursive: true, mode: 0o700 })
  const peppers = await ring(join(dir, 'peppers.json'), pepperFile, () => {
    const kid = `p${randomBytes(4).toString('hex')}`
    return Promise.resolve({ current: kid, keys: { [kid]: randomBytes(32).toString('base64') } })
  })
  const intake = await ring(join(dir, 'intake-keys.json'), intakeFile, newIntakeRing)
  return {
    peppers: {
      current: peppers.current,
      keys: new Map(Object.entries(peppers.keys).map(([kid, key]) => [kid, Buffer.from(key, 'base64')])),
    },
    intake: { current: intake.current, keys: new Map(Object.entries(intake.keys) as [string, JWK][]) },
  }
}

const newIntakeRing = async () => {
  const kid = `i${randomBytes(4).toString('hex')}`
  const { privateKey } = await generateKeyPair('ECDH-ES+A256KW', { crv: 'P-256', extractable: true })
  const key = { ...(await exportJWK(privateKey)), kty: 'EC', kid, alg: 'ECDH-ES+A256KW', use: 'enc' }
  return { current: kid, keys: { [kid]: key } }
}

const ring = async <T extends { current: string; keys: Record<string, unknown> }>(
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
