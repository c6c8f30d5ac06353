import { createHmac, generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import type { z } from 'zod'
import { type SenderConfig, senderConfig } from '../../schemas/inbox.ts'
import type { Delivery, Dialect, DialectParts } from '../../services/intake/dialects/dialect.ts'
import { openDialect } from '../../services/intake/dialects/registry.ts'

export const now = 1_800_000_000_000
export const keysUrl = 'https://keys.test/secret_scanning'
export const secret = 'a-shared-secret-of-32-characters'
export const whsec = `whsec_${Buffer.alloc(32, 7).toString('base64')}`
const partner = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const standard = generateKeyPairSync('ed25519')
const raw = (key: KeyObject) => Buffer.from(key.export({ format: 'jwk' }).x ?? '', 'base64url')
export const whpk = `whpk_${raw(standard.publicKey).toString('base64')}`
export const partnerKeyId = 'partner-key-1'
export const partnerKeySet = JSON.stringify({
  public_keys: [
    {
      key_identifier: partnerKeyId,
      key: partner.publicKey.export({ type: 'spki', format: 'pem' }).toString(),
      is_current: true,
    },
  ],
})

type Headers = Record<string, string>
/** As each sender signs, by its documentation. `at`: epoch ms. */
export const signers = {
  githubPartner: (body: Buffer): Headers => ({
    'github-public-key-identifier': partnerKeyId,
    'github-public-key-signature': sign('sha256', body, { key: partner.privateKey, dsaEncoding: 'der' }).toString(
      'base64',
    ),
  }),
  githubAlert: (body: Buffer): Headers => ({
    'x-github-event': 'secret_scanning_alert',
    'x-hub-signature-256': `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`,
  }),
  gitguardian: (body: Buffer, at: number): Headers => {
    const timestamp = String(Math.floor(at / 1_000))
    const signature = createHmac('sha256', timestamp + secret)
      .update(body)
      .digest('hex')
    return { timestamp, 'gitguardian-signature': `sha256=${signature}` }
  },
  standardV1: (body: Buffer, at: number, id = 'msg_1'): Headers => {
    const timestamp = String(Math.floor(at / 1_000))
    const key = Buffer.from(whsec.slice(6), 'base64')
    const signature = createHmac('sha256', key).update(`${id}.${timestamp}.`).update(body).digest('base64')
    return { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': `v1,${signature}` }
  },
  standardV1a: (body: Buffer, at: number, id = 'msg_1'): Headers => {
    const timestamp = String(Math.floor(at / 1_000))
    const message = Buffer.concat([Buffer.from(`${id}.${timestamp}.`), body])
    const signature = sign(null, message, standard.privateKey).toString('base64')
    return { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': `v1a,${signature}` }
  },
  token: (): Headers => ({ authorization: secret }),
}

export const files: Record<string, string> = { secret, whsec, whpk }
type Input = z.input<typeof senderConfig>
type WithoutName = Input extends infer I ? (I extends unknown ? Omit<I, 'id' | 'principal'> : never) : never

export const senderOf = (config: WithoutName): SenderConfig =>
  senderConfig.parse({ id: config.dialect, principal: 'p', ...config })

export const dialectParts = (change: Partial<DialectParts> = {}): DialectParts => ({
  secrets: all => all.map(({ file }) => files[file] ?? file),
  fetch: () => Promise.resolve(new Response(partnerKeySet)),
  now: () => now,
  ...change,
})

export const dialectOf = (config: WithoutName, change: Partial<DialectParts> = {}): Dialect =>
  openDialect(senderOf(config), dialectParts(change))

export const delivery = (body: unknown, headers: Headers = {}, receivedAt = now): Delivery => ({
  headers,
  body: Buffer.isBuffer(body) ? body : Buffer.from(typeof body === 'string' ? body : JSON.stringify(body)),
  receivedAt,
})

/** Every scheme, with a body that its dialect reads. */
export const schemes: {
  name: string
  config: WithoutName
  body: Buffer
  signed(body: Buffer, at: number): Headers
  /** A bearer token says nothing of the body. */
  signsBody: boolean
}[] = [
  {
    name: 'GitHub partner (ECDSA P-256)',
    config: { dialect: 'github-partner', keysUrl },
    body: Buffer.from('[{"source":"commit","token":"tok_0123456789","type":"t","url":"https://example.com/a"}]'),
    signed: signers.githubPartner,
    signsBody: true,
  },
  {
    name: 'GitHub webhook (X-Hub-Signature-256)',
    config: { dialect: 'github-alert', secrets: [{ file: 'secret' }] },
    body: Buffer.from('{"action":"created","alert":{"number":1}}'),
    signed: signers.githubAlert,
    signsBody: true,
  },
  {
    name: 'GitGuardian (HMAC by timestamp and token)',
    config: { dialect: 'gitguardian', secrets: [{ file: 'secret' }] },
    body: Buffer.from('{"action":"incident_triggered","incident":{"id":1}}'),
    signed: signers.gitguardian,
    signsBody: true,
  },
  {
    name: 'Standard Webhooks v1 (HMAC-SHA256)',
    config: { dialect: 'standard-webhooks', secrets: [{ file: 'whsec' }], clear: true },
    body: Buffer.from('{"value":"tok_0123456789","source":"mine"}'),
    signed: signers.standardV1,
    signsBody: true,
  },
  {
    name: 'Standard Webhooks v1a (Ed25519)',
    config: { dialect: 'standard-webhooks', secrets: [{ file: 'whpk' }], clear: true },
    body: Buffer.from('{"value":"tok_0123456789","source":"mine"}'),
    signed: signers.standardV1a,
    signsBody: true,
  },
  {
    name: 'GitLab (pre-shared token)',
    config: { dialect: 'gitlab', secrets: [{ file: 'secret' }], types: ['t'] },
    body: Buffer.from('[{"type":"t","token":"tok_0123456789","location":"https://example.com/a"}]'),
    signed: signers.token,
    signsBody: false,
  },
  {
    name: 'report (bearer token)',
    config: { dialect: 'report', secrets: [{ file: 'secret' }] },
    body: Buffer.from('{"DetectorName":"d","Raw":"tok_0123456789"}'),
    signed: signers.token,
    signsBody: false,
  },
]
