import { createPublicKey, type KeyObject, verify } from 'node:crypto'
import { StartRefused } from '../../../pipeline/errors.ts'
import type { Delivery } from '../dialect.ts'
import { badSignature, hmacSha256, sameText, strictBase64, withinTolerance } from './checks.ts'

/**
 * Standard Webhooks 1.0: `webhook-signature` lists signatures of `<webhook-id>.<webhook-timestamp>.<raw body>`: `v1`
 * (HMAC-SHA256, `whsec_`) and `v1a` (Ed25519, `whpk_`). One that fits one of our keys is enough.
 */
export const standardSignature = (sender: string, keys: string[], toleranceMs: number) => {
  const verifiers = keys.map(key => verifierOf(sender, key))
  return ({ headers, body, receivedAt }: Delivery): void => {
    const { 'webhook-id': id = '', 'webhook-timestamp': timestamp = '', 'webhook-signature': listed = '' } = headers
    if (!/^[\x21-\x7e]{1,256}$/.test(id) || !/^\d{1,12}$/.test(timestamp)) throw badSignature()
    const message = Buffer.concat([Buffer.from(`${id}.${timestamp}.`), body])
    const signatures = listed.split(' ')
    const readable = signatures.length <= mostSignatures && !signatures.includes('')
    const genuine = readable && signatures.some(signature => verifiers.some(fits => fits(signature, message)))
    if (!genuine || !withinTolerance(Number(timestamp) * 1_000, receivedAt, toleranceMs)) throw badSignature()
  }
}

const mostSignatures = 16
type Verifier = (signature: string, message: Buffer) => boolean

/** The prefix of a key says its scheme, and a signature of the other scheme never fits it. */
const verifierOf = (sender: string, key: string): Verifier => {
  const bytes = strictBase64(key.replace(/^wh(sec|pk)_/, ''))
  if (bytes && key.startsWith('whsec_') && bytes.length >= 24 && bytes.length <= 64)
    return (signature, message) => sameText(`v1,${hmacSha256(bytes, message).digest('base64')}`, signature)
  if (bytes && key.startsWith('whpk_') && bytes.length === 32) {
    const publicKey = ed25519(bytes)
    return (signature, message) => {
      const presented = signature.startsWith('v1a,') ? strictBase64(signature.slice(4)) : undefined
      return presented !== undefined && verify(null, message, publicKey, presented)
    }
  }
  throw new StartRefused(
    `inbox.senders.${sender}: a secret is neither whsec_<base64 of 24 to 64 bytes> nor whpk_<base64 of 32>`,
  )
}

const ed25519 = (bytes: Buffer): KeyObject =>
  createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x: bytes.toString('base64url') }, format: 'jwk' })
