import { createHmac, createPublicKey, verify } from 'node:crypto'
import { RejectedEvent } from '../../../pipeline/errors.ts'
import type { Delivery } from '../dialect.ts'
import { sameText } from './compare.ts'
import { isFresh } from './fresh.ts'

/**
 * standardwebhooks.com: the signature is over `<id>.<timestamp>.<raw body>`. Secrets are `whsec_<base64>` (v1, HMAC-SHA256) or
 * `whpk_<base64>` (v1a, Ed25519); one signature that fits one secret is enough. Throws RejectedEvent `bad_signature`.
 */
export const verifyStandardWebhook = (
  { headers, body, receivedAt }: Delivery,
  secrets: readonly string[],
  toleranceMs: number,
): void => {
  const { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': signatures } = headers
  if (!id || !signatures) throw refused('webhook-id and webhook-signature are required')
  if (!isFresh(timestamp, receivedAt, toleranceMs)) throw refused('webhook-timestamp is missing or too far from now')
  const signed = Buffer.concat([Buffer.from(`${id}.${timestamp}.`), body])
  // Each one costs an HMAC, and whoever sends them is nobody yet.
  const given = signatures.split(' ').slice(0, 8)
  if (!secrets.some(secret => given.some(signature => fits(secret, signature, signed))))
    throw refused('no signature fits')
}

const refused = (what: string) => new RejectedEvent('bad_signature', `Standard Webhooks: ${what}`)

const fits = (secret: string, signature: string, signed: Buffer): boolean => {
  const version = signature.slice(0, signature.indexOf(','))
  const value = signature.slice(version.length + 1)
  if (version === 'v1' && secret.startsWith('whsec_'))
    // As texts: a base64 text that was changed may still decode to the same bytes.
    return sameText(value, createHmac('sha256', keyBytes(secret)).update(signed).digest('base64'))
  if (version === 'v1a' && secret.startsWith('whpk_')) {
    const bytes = Buffer.from(value, 'base64')
    return bytes.toString('base64') === value && verify(null, signed, publicKey(secret), bytes)
  }
  return false
}

const keyBytes = (secret: string) => Buffer.from(secret.slice(secret.indexOf('_') + 1), 'base64')

const publicKey = (secret: string) =>
  createPublicKey({ format: 'jwk', key: { kty: 'OKP', crv: 'Ed25519', x: keyBytes(secret).toString('base64url') } })

/** What is wrong with a secret of this scheme; it is never quoted. */
export const standardWebhookSecretProblem = (secret: string): string | undefined => {
  if (!/^wh(sec|pk)_/.test(secret)) return 'begins neither with whsec_ nor with whpk_'
  const bytes = keyBytes(secret)
  if (secret.startsWith('whpk_')) return bytes.length === 32 ? undefined : 'is no Ed25519 public key of 32 bytes'
  return bytes.length >= 16 ? undefined : 'is shorter than 16 bytes'
}
