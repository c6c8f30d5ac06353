import { eventTypes } from '../../../schemas/events.ts'
import type { SenderOf } from '../../../schemas/inbox.ts'
import { RejectedEvent, StartRefused } from '../../pipeline/errors.ts'
import type { Delivery, Dialect, DialectParts, Said } from './dialect.ts'
import { jsonOf, label, objectOf, textOf } from './json-body.ts'
import { standardWebhookSecretProblem, verifyStandardWebhook } from './signatures/standard-webhooks.ts'

/**
 * Any sender that signs by Standard Webhooks. The body is a CloudEvent of ours, or a leak: `{sealed | value | values, source?}`,
 * as it is or under `data`. A value in clear is taken only where the sender's config says so.
 */
export const standardWebhooks = (config: SenderOf<'standard-webhooks'>, parts: DialectParts): Dialect => {
  const secrets = parts.secrets(config.secrets)
  for (const problem of secrets.map(standardWebhookSecretProblem))
    if (problem !== undefined) throw new StartRefused(`inbox.senders.${config.id}: a secret ${problem}`)
  return {
    verify: delivery => verifyStandardWebhook(delivery, secrets, config.toleranceMs),
    read: delivery => {
      const body = objectOf(jsonOf(delivery.body))
      return [body.specversion === undefined ? leak(config, delivery, body) : cloudEvent(body)]
    },
  }
}

const cloudEvent = ({ specversion, id, source, type: named, data }: Record<string, unknown>): Said => {
  const type = eventTypes.find(known => known === named)
  if (specversion !== '1.0' || typeof id !== 'string' || typeof source !== 'string')
    throw new RejectedEvent('not_a_cloudevent', 'id, source, type and specversion "1.0" are required')
  if (!type) throw new RejectedEvent('unknown_type', 'no event of that type')
  return { says: 'event', id: JSON.stringify([source, id]), type, data }
}

const leak = (
  { id: sender, clear }: SenderOf<'standard-webhooks'>,
  { headers }: Delivery,
  body: Record<string, unknown>,
): Said => {
  const found = body.data === undefined ? body : objectOf(body.data)
  const source = label(sender, found.source)
  // Signed, and the same in every delivery of one statement.
  const id = headers['webhook-id'] ?? ''
  if (found.sealed !== undefined)
    return { says: 'event', id, type: 'curfew.leak.detected', data: { sealed: found.sealed, source } }
  const values = [found.value, found.values].flat().flatMap(value => textOf(value) ?? [])
  if (values.length === 0) return { says: 'nothing', code: 'no_value' }
  if (!clear)
    throw new RejectedEvent('value_in_clear', 'this sender must seal values to the key of GET /v1/keys (config: clear)')
  return { says: 'leak', id, values, source }
}
