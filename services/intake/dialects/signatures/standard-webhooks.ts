import { createPublicKey, verify } from 'node:crypto'
import type { Delivery } from '../dialect.ts'
import { badSignature, hmacSha256, sameText, strictBase64, withinTolerance } from './checks.ts'

const mostSignatures = 16

/**
 * Standard Webhooks 1.0 (standardwebhooks.com): `webhook-signature` lists signatures of `<webhook-id>.<webhook-timestamp>.<raw body>`: `v1`
 * (HMAC-SHA256, secrets `whsec_<base64>`) and `v1a` (Ed25519, `whpk_<base64>`). One that fits one of our secrets is enough.
 */
export const verifyStandardWebhook = (
  { headers, body, receivedAt }: Delivery,
  secrets: readonly string[],
  toleranceMs: number,
): void => {
  const { 'webhook-id': id = '', 'webhook-timestamp': timestamp = '', 'webhook-signature': listed = '' } = headers
  if (!/^[\x21-\x7e]{1,256}$/.test(id) || !/^\d{1,12}$/.test(timestamp)) throw badSignature()
  const message = Buffer.concat([Buffer.from(`${id}.${timestamp}.`), body])
  const signatures = listed.split(' ')
  // Each one costs an HMAC, and whoever sends them is nobody yet.
  const readable = signatures.length <= mostSignatures && !signatures.includes('')
  const genuine = readable && signatures.some(one => secrets.some(secret => fits(secret, one, message)))
  if (!genuine || !withinTolerance(Number(timestamp) * 1_000, receivedAt, toleranceMs)) throw badSignature()
}

/** The prefix of a secret says its scheme, and a signature of the other scheme never fits it. */
const fits = (secret: string, signature: string, message: Buffer): boolean => {
  // As texts: a base64 text that was changed may still decode to the same bytes.
  if (secret.startsWith('whsec_'))
    return sameText(`v1,${hmacSha256(keyBytes(secret), message).digest('base64')}`, signature)
  const presented = signature.startsWith('v1a,') ? strictBase64(signature.slice(4)) : undefined
  return secret.startsWith('whpk_') && presented !== undefined && verify(null, message, publicKey(secret), presented)
}

const keyBytes = (secret: string) => Buffer.from(secret.slice(secret.indexOf('_') + 1), 'base64')

const publicKey = (secret: string) =>
  createPublicKey({ format: 'jwk', key: { kty: 'OKP', crv: 'Ed25519', x: keyBytes(secret).toString('base64url') } })

/** What is wrong with a secret of this scheme; it is never quoted. */
export const standardWebhookSecretProblem = (secret: string): string | undefined => {
  if (!/^wh(sec|pk)_/.test(secret)) return 'begins neither with whsec_ nor with whpk_'
  const length = strictBase64(secret.slice(secret.indexOf('_') + 1))?.length ?? 0
  if (secret.startsWith('whpk_')) return length === 32 ? undefined : 'is no Ed25519 public key of 32 bytes'
  return length >= 24 && length <= 64 ? undefined : 'is not 24 to 64 bytes in base64'
}
