import { createHmac, createPrivateKey, type KeyObject, sign } from 'node:crypto'

/** Standard Webhooks 1.0, the sender's side: `id.timestamp.body` under each of the receiver's keys. */
export const standardWebhookHeaders = (
  keys: readonly string[],
  { id, body, nowMs }: { id: string; body: string; nowMs: number },
): Record<string, string> => {
  const timestamp = String(Math.floor(nowMs / 1_000))
  const content = Buffer.from(`${id}.${timestamp}.${body}`)
  return {
    'webhook-id': id,
    'webhook-timestamp': timestamp,
    'webhook-signature': keys.map(key => signature(key, content)).join(' '),
  }
}

const signature = (key: string, content: Buffer): string =>
  key.startsWith('whsec_')
    ? `v1,${createHmac('sha256', bytesOf(key)).update(content).digest('base64')}`
    : `v1a,${sign(null, content, privateKey(bytesOf(key))).toString('base64')}`

const bytesOf = (key: string) => Buffer.from(key.slice(key.indexOf('_') + 1), 'base64')

/** The secret key of Ed25519 is 32 bytes, or these and the public half. */
const pkcs8Beginning = Buffer.from('302e020100300506032b657004220420', 'hex')
const privateKey = (bytes: Buffer): KeyObject =>
  createPrivateKey({ key: Buffer.concat([pkcs8Beginning, bytes.subarray(0, 32)]), format: 'der', type: 'pkcs8' })

/** One key a line. Throws with what is wrong with one; none is quoted. */
export const webhookKeys = (text: string): string[] => {
  const keys = text.split(/\s+/).filter(one => one !== '')
  if (keys.length === 0 || keys.length > 4) throw new Error('holds not one to four keys')
  for (const key of keys) {
    const problem = problemOf(key)
    if (problem !== undefined) throw new Error(`holds a key that ${problem}`)
  }
  return keys
}

const problemOf = (key: string): string | undefined => {
  const text = key.slice(key.indexOf('_') + 1)
  const bytes = Buffer.from(text, 'base64')
  const { length } = bytes.toString('base64') === text ? bytes : Buffer.alloc(0)
  if (key.startsWith('whsec_')) return length >= 24 && length <= 64 ? undefined : 'is not 24 to 64 bytes in base64'
  if (key.startsWith('whsk_')) return length === 32 || length === 64 ? undefined : 'is no Ed25519 secret key in base64'
  return key.startsWith('whpk_')
    ? 'is a public key: the receiver has that one, we sign with whsk_'
    : 'begins neither with whsec_ nor with whsk_'
}
