import {
  createHash,
  createPrivateKey,
  createPublicKey,
  type JsonWebKeyInput,
  type KeyObject,
  sign,
  verify,
} from 'node:crypto'
import { type AuditCheckpoint, type AuditKeys, auditKeys, type SignedCheckpoint } from '../../schemas/audit.ts'
import { signedBytes } from './chain.ts'

/** The key ring of the signing key as it is loaded: private JWKs by kid. */
export type AuditRing = { current: string; keys: ReadonlyMap<string, object> }
export type Signer = { kid: string; sign(checkpoint: AuditCheckpoint): SignedCheckpoint }
export type SignatureCheck = (signed: SignedCheckpoint) => 'right' | 'wrong' | 'unknown key'

/** RFC 7638. */
export const thumbprint = (x: string): string =>
  createHash('sha256')
    .update(JSON.stringify({ crv: 'Ed25519', kty: 'OKP', x }))
    .digest('base64url')

export const signerOf = ({ current, keys }: AuditRing): Signer => {
  const jwk = keys.get(current)
  if (!jwk) throw new Error('the current audit key is missing')
  const key = createPrivateKey({ key: jwk as JsonWebKeyInput['key'], format: 'jwk' })
  return {
    kid: current,
    sign: checkpoint => ({ checkpoint, signature: sign(null, signedBytes(checkpoint), key).toString('base64url') }),
  }
}

/** The public halves, the current one first. Throws where a kid is not its key's thumbprint. */
export const publicKeys = ({ current, keys }: AuditRing): AuditKeys => {
  const parsed = [...keys.values()].map(jwk => auditKeys.shape.keys.element.parse(jwk))
  checkKids(parsed)
  return { keys: parsed.sort((a, b) => Number(b.kid === current) - Number(a.kid === current)) }
}

/** Throws for keys that say another kid than is theirs. */
export const signatureCheck = ({ keys }: AuditKeys): SignatureCheck => {
  checkKids(keys)
  const known = new Map<string, KeyObject>(
    keys.map(jwk => [jwk.kid, createPublicKey({ key: { ...jwk }, format: 'jwk' })]),
  )
  return ({ checkpoint, signature }) => {
    const key = known.get(checkpoint.key)
    if (!key) return 'unknown key'
    const bytes = Buffer.from(signature, 'base64url')
    // One signature has one text: the decoder is forgiving, a chain is not.
    if (bytes.toString('base64url') !== signature) return 'wrong'
    return verify(null, signedBytes(checkpoint), key, bytes) ? 'right' : 'wrong'
  }
}

const checkKids = (keys: AuditKeys['keys']) => {
  for (const { kid, x } of keys)
    if (kid !== thumbprint(x)) throw new Error(`the key "${kid.slice(0, 60)}" is not the one that its name says`)
}
