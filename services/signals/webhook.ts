import { readFileSync } from 'node:fs'
import type { WebhookConfig } from '../../schemas/signals.ts'
import { StartRefused } from '../pipeline/errors.ts'
import { attemptOf } from './deliver.ts'
import { forTenant } from './for-tenant.ts'
import type { TellSignal } from './observe-signal.ts'
import { openPoster } from './post.ts'
import { pushing, type Signal, type SignalParts } from './signal.ts'
import { standardWebhookHeaders, webhookKeys } from './standard-webhook.ts'
import type { ToldEvent } from './told-event.ts'

/** A receiver that is told by Standard Webhooks. Throws StartRefused for a key that cannot sign. */
export const openWebhook = (config: WebhookConfig, parts: SignalParts, tell: TellSignal): Signal => {
  const { id, url, caFile, timeoutMs, tenant, events } = config
  try {
    keysOf(config)
  } catch (error) {
    throw new StartRefused(`signals.webhooks.${id}: ${error instanceof Error ? error.message : 'no key'}`)
  }
  const poster = openPoster({ url, caFile, timeoutMs })
  const meant = (event: ToldEvent) => {
    if (!events.includes(event.type)) return undefined
    return tenant === undefined ? event : forTenant(event, tenant, parts.secrets)
  }
  const handle = pushing({ ...parts, id, delivery: config, tell }, told => {
    const event = meant(told)
    if (!event) return []
    const body = event.text
    return [
      {
        attempt: async signal => {
          const signed = standardWebhookHeaders(keysOf(config), { id: event.id, body, nowMs: parts.now() })
          const type = 'application/cloudevents+json; charset=utf-8'
          return attemptOf(await poster.post({ 'content-type': type, ...signed }, body, signal))
        },
      },
    ]
  })
  return { id, chunk: 8, handle, tell, close: poster.close }
}

/** Read for each delivery: a changed key needs no restart. */
const keysOf = ({ secretFile }: WebhookConfig): string[] => {
  let text: string
  try {
    text = readFileSync(secretFile, 'utf8')
  } catch (error) {
    throw new Error(`${secretFile} cannot be read (${(error as { code?: string }).code ?? 'unreadable'})`)
  }
  try {
    return webhookKeys(text)
  } catch (error) {
    throw new Error(`${secretFile} ${error instanceof Error ? error.message : 'holds no key'}`)
  }
}
