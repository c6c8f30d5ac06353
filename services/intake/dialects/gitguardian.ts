import type { SenderOf } from '../../../schemas/inbox.ts'
import type { Dialect, DialectParts } from './dialect.ts'
import { jsonOf } from './json-body.ts'
import { badSignature, hmacSha256, sameText, someOf, withinTolerance } from './signatures/checks.ts'

/**
 * GitGuardian's custom webhook. Its payloads have hashes of GitGuardian's own and no value, so nothing can be matched: it is
 * counted, and the incident is read elsewhere.
 */
export const gitguardian = (config: SenderOf<'gitguardian'>, parts: DialectParts): Dialect => {
  const secrets = parts.secrets(config.secrets)
  return {
    verify: ({ headers, body, receivedAt }) => {
      const { timestamp = '', 'gitguardian-signature': presented = '' } = headers
      // The documented key: the timestamp's text, then the token.
      const signed = (secret: string) => `sha256=${hmacSha256(timestamp + secret, body).digest('hex')}`
      const genuine = someOf(secrets, secret => sameText(signed(secret), presented))
      if (!genuine || !withinTolerance(momentOf(timestamp), receivedAt, config.toleranceMs)) throw badSignature()
    },
    read: ({ body }) => {
      const { action } = (jsonOf(body) ?? {}) as { action?: unknown }
      const found = action === 'incident_triggered' || action === 'incident_regression' || action === 'new_occurrence'
      return [{ says: 'nothing', code: found ? 'no_value' : 'other_event' }]
    },
  }
}

/** Unix seconds, with or without a fraction, or a date. */
const momentOf = (text: string) => (/^\d{1,12}(\.\d+)?$/.test(text) ? Number(text) * 1_000 : Date.parse(text))
