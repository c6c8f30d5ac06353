import { z } from 'zod'
import { type OutcomeEventType, outcomeEventData } from './outcome-events.ts'
import { durationMs, safeUrl, storeId } from './primitives.ts'

/** Who is told what ended, beside Kafka: signed webhooks, and streams of Security Event Tokens. Docs: docs/signals.md. */
const outcomeEventTypes = Object.keys(outcomeEventData) as [OutcomeEventType, ...OutcomeEventType[]]

const delivery = {
  /** The receiver's own CA. */
  caFile: z.string().optional(),
  timeoutMs: z.int().min(500).max(60_000).default(10_000),
  /** An event that is older and still not taken becomes a dead letter, and is paged. */
  giveUpAfterMs: durationMs.default(3 * 86_400_000),
  /** Events of an earlier time are not sent: a new receiver does not get the topic's whole history. */
  since: z.iso.datetime({ offset: true }).optional(),
}
export type Delivery = { giveUpAfterMs: number; since?: string | undefined }

/** Standard Webhooks 1.0: the CloudEvent as it is on Kafka, signed. */
export const webhookConfig = z.strictObject({
  id: storeId,
  url: safeUrl,
  /** Lines of `whsec_<base64>` (v1, HMAC-SHA256) or `whsk_<base64>` (v1a, Ed25519); each one signs. Read anew for each delivery. */
  secretFile: z.string(),
  events: z.array(z.enum(outcomeEventTypes)).min(1).default(outcomeEventTypes),
  /** Only what is this tenant's. Absent: everything, which is for the operator alone. */
  tenant: z.string().min(1).max(64).optional(),
  ...delivery,
})
export type WebhookConfig = z.infer<typeof webhookConfig>

export const caepEvents = ['session-revoked', 'credential-change'] as const
/** A stream of SETs (RFC 8417) to one receiver. Its tenant is its principal's. */
export const streamConfig = z.strictObject({
  id: storeId,
  /** Whose bearer token polls, asks for the status and for a verification. */
  principal: z.string(),
  audience: z.string().min(1).max(512),
  events: z
    .array(z.enum(caepEvents))
    .min(1)
    .default([...caepEvents]),
  delivery: z.discriminatedUnion('method', [
    /** RFC 8935. `tokenFile`: what the receiver wants to see as a bearer token. */
    z.strictObject({ method: z.literal('push'), url: safeUrl, tokenFile: z.string().optional(), ...delivery }),
    /** RFC 8936, at /v1/ssf/streams/<id>/poll. */
    z.strictObject({ method: z.literal('poll'), since: delivery.since }),
  ]),
})
export type StreamConfig = z.infer<typeof streamConfig>
export type PushStream = StreamConfig & { delivery: Extract<StreamConfig['delivery'], { method: 'push' }> }
export type PollStream = StreamConfig & { delivery: Extract<StreamConfig['delivery'], { method: 'poll' }> }

export const setAlgorithm = z.enum(['RS256', 'ES256'])
export type SetAlgorithm = z.infer<typeof setAlgorithm>

export const signalsConfig = z
  .strictObject({
    webhooks: z.array(webhookConfig).max(32).default([]),
    /** A transmitter of OpenID Shared Signals (CAEP). */
    caep: z
      .strictObject({
        /** Where receivers reach this API from outside: `iss` of every SET, and the beginning of every endpoint. */
        issuer: safeUrl.refine(url => !/[?#]|\/$/.test(url), 'no query, no fragment, no slash at the end'),
        /** RS256 is what the interoperability profile asks for. */
        algorithm: setAlgorithm.default('RS256'),
        streams: z.array(streamConfig).max(32).default([]),
      })
      .optional(),
  })
  .prefault({})
export type SignalsConfig = z.infer<typeof signalsConfig>

/** What the shape cannot say: ids are consumer groups, and a stream is read by a principal. */
export const signalProblems = (signals: SignalsConfig, principals: { id: string; tenant: string }[]): string[] => {
  const streams = signals.caep?.streams ?? []
  const ids = [...signals.webhooks, ...streams].map(one => one.id)
  const tenants = new Set(principals.map(one => one.tenant))
  return [
    ...(new Set(ids).size === ids.length ? [] : ['signals: an id is used twice']),
    ...signals.webhooks.flatMap(({ id, tenant }) =>
      tenant === undefined || tenants.has(tenant)
        ? []
        : [`signals.webhooks.${id}: no principal is of tenant "${tenant}"`],
    ),
    ...streams.flatMap(({ id, principal }) =>
      principals.some(one => one.id === principal) ? [] : [`signals.caep.streams.${id}: no principal "${principal}"`],
    ),
  ]
}
