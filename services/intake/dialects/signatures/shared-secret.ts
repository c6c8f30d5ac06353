import { createHmac } from 'node:crypto'
import type { WebhookAuthentication } from '../../../../schemas/webhook-authentication.ts'
import type { Delivery } from '../dialect.ts'
import { isFresh, sameText } from './checks.ts'

type By<K extends WebhookAuthentication['by']> = Extract<WebhookAuthentication, { by: K }>

/** RFC 6750: the scheme's name in any case, one space, the secret. */
export const bearerFits = ({ headers }: Delivery, secrets: readonly string[]): boolean => {
  const [, token] = /^bearer (\S+)$/i.exec(headers.authorization ?? '') ?? []
  return token !== undefined && secrets.some(secret => sameText(token, secret))
}

export const headerFits = ({ headers }: Delivery, { header }: By<'header'>, secrets: readonly string[]): boolean => {
  const value = headers[header]
  return value !== undefined && secrets.some(secret => sameText(value, secret))
}

/** Compared as texts: hex in another case, or base64 that was changed and decodes to the same bytes, does not fit. */
export const hmacFits = (delivery: Delivery, by: By<'hmac'>, secrets: readonly string[]): boolean => {
  const { headers, body, receivedAt } = delivery
  const { timestamp: stamped, prefix, hash, encoding } = by
  const given = headers[by.header]
  const timestamp = stamped && headers[stamped.header]
  if (given === undefined) return false
  if (stamped && !isFresh(timestamp, receivedAt, stamped.toleranceMs)) return false
  const before = stamped ? `${timestamp}.` : ''
  return secrets.some(secret =>
    sameText(given, `${prefix}${createHmac(hash, secret).update(before).update(body).digest(encoding)}`),
  )
}
