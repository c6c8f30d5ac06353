import { record } from '../reply.ts'

/**
 * A token that carries its own proof (JWS, RFC 9068) can be accepted by whoever holds the issuer's public key, until `exp`.
 * Its shape is read, never its signature: this decides only how much may be promised. Undefined: opaque.
 */
export const selfContained = (token: string): { expiresAt: number | undefined } | undefined => {
  const parts = token.split('.')
  if (parts.length !== 3) return undefined
  const [header, claims] = parts.map(part => record(decoded(part)))
  if (typeof header?.alg !== 'string') return undefined
  const { exp } = claims ?? {}
  return { expiresAt: typeof exp === 'number' && Number.isFinite(exp) ? Math.round(exp * 1_000) : undefined }
}

const decoded = (part: string): unknown => {
  if (!/^[\w-]+$/.test(part)) return undefined
  try {
    return JSON.parse(Buffer.from(part, 'base64url').toString('utf8'))
  } catch {
    return undefined
  }
}
