import { createHmac, generateKeyPairSync, sign } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { senderConfig } from '../../schemas/inbox.ts'
import type { Delivery, Dialect, Said } from '../../services/intake/dialects/dialect.ts'
import { openDialect } from '../../services/intake/dialects/registry.ts'

export const now = 1_800_000_000_000
export const delivery = (body: unknown, headers: Delivery['headers'] = {}, receivedAt = now): Delivery => ({
  headers,
  body: Buffer.isBuffer(body) ? body : Buffer.from(typeof body === 'string' ? body : JSON.stringify(body)),
  receivedAt,
})

/** What was said, without what names it: `session.ended {session, reason}`. */
export const told = (said: Said[]): string[] =>
  said.map(one => {
    if (one.says === 'nothing') return `nothing: ${one.code}`
    if (one.says === 'leak') return 'a leak'
    if (one.says === 'revoke') return `revoke ${one.store} ${one.handle}`
    return `${one.type.replace('curfew.', '')} ${JSON.stringify(one.data)}${one.inferred ? ' (inferred)' : ''}`
  })

/** Secrets in files of their own, as a config names them. */
export const secretFiles = () => {
  const dir = mkdtempSync(join(tmpdir(), 'curfew-webhook-'))
  return {
    file: (name: string, secret: string): { file: string } => {
      const file = join(dir, name)
      writeFileSync(file, `${secret}\n`, { mode: 0o600 })
      return { file }
    },
    remove: () => rmSync(dir, { recursive: true, force: true }),
  }
}

/** As a sender of Standard Webhooks signs. */
export const standardHeaders = (
  body: Buffer,
  signed: (content: Buffer) => string,
  id = 'msg_1',
  seconds = Math.floor(now / 1_000),
) => ({
  'webhook-id': id,
  'webhook-timestamp': String(seconds),
  'webhook-signature': signed(Buffer.concat([Buffer.from(`${id}.${seconds}.`), body])),
})
export const whsec = `whsec_${Buffer.alloc(32, 7).toString('base64')}`
export const signV1 =
  (secret = whsec) =>
  (content: Buffer): string =>
    `v1,${createHmac('sha256', Buffer.from(secret.slice(6), 'base64'))
      .update(content)
      .digest('base64')}`

export const ed25519 = () => {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519')
  const raw = Buffer.from(publicKey.export({ format: 'jwk' }).x ?? '', 'base64url')
  return {
    whpk: `whpk_${raw.toString('base64')}`,
    signV1a: (content: Buffer) => `v1a,${sign(null, content, privateKey).toString('base64')}`,
  }
}

/** A lifecycle dialect of a config as a file holds it; without `authentication` it takes a bearer token. */
export const lifecycleDialects = (files: ReturnType<typeof secretFiles>) => {
  const authentication = [{ by: 'bearer', secrets: [files.file('token', 'a-shared-secret-of-the-sender')] }]
  const parts = { secrets: () => [], fetch, now: () => now }
  const sender = { id: 'one', principal: 'orchestrator', authentication }
  return (input: object): Dialect => openDialect(senderConfig.parse({ ...sender, ...input }), parts)
}
