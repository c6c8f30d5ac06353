import type { SenderOf } from '../../../schemas/inbox.ts'
import type { Dialect, DialectParts } from './dialect.ts'
import { jsonOf } from './json-body.ts'
import { badSignature, hmacSha256, sameText, someOf } from './signatures/checks.ts'

/**
 * GitHub's webhook `secret_scanning_alert`. Its schema has no value, so nothing can be matched: it is counted, by its action
 * where that is one of GitHub's, and its alert is read elsewhere.
 */
export const githubAlert = (config: SenderOf<'github-alert'>, parts: DialectParts): Dialect => {
  const secrets = parts.secrets(config.secrets)
  return {
    verify: ({ headers, body }) => {
      const presented = headers['x-hub-signature-256'] ?? ''
      const signed = (secret: string) => `sha256=${hmacSha256(secret, body).digest('hex')}`
      if (!someOf(secrets, secret => sameText(signed(secret), presented))) throw badSignature()
    },
    read: ({ headers, body }) => {
      jsonOf(body)
      if (headers['x-github-event'] === 'ping') return [{ says: 'nothing', code: 'ping' }]
      const known = /^secret_scanning_(alert|alert_location|scan)$/.test(headers['x-github-event'] ?? '')
      return [{ says: 'nothing', code: known ? 'no_value' : 'other_event' }]
    },
  }
}
