import type { StreamConfig } from '../../../schemas/signals.ts'
import { eventUris } from './set-claims.ts'

const methods = { push: 'urn:ietf:rfc:8935', poll: 'urn:ietf:rfc:8936' } as const
export const pollPath = (stream: string) => `/v1/ssf/streams/${stream}/poll`

/** OpenID Shared Signals Framework 1.0: what a receiver finds at /.well-known/ssf-configuration. Streams are made in the config. */
export const ssfConfiguration = (issuer: string) => ({
  spec_version: '1_0',
  issuer,
  jwks_uri: `${issuer}/v1/ssf/jwks`,
  delivery_methods_supported: [methods.push, methods.poll],
  configuration_endpoint: `${issuer}/v1/ssf/streams`,
  status_endpoint: `${issuer}/v1/ssf/status`,
  verification_endpoint: `${issuer}/v1/ssf/verification`,
  authorization_schemes: [{ spec_urn: 'urn:ietf:rfc:6750' }],
  default_subjects: 'ALL',
})

export const streamConfiguration = (issuer: string, { id, audience, events, delivery }: StreamConfig) => ({
  stream_id: id,
  iss: issuer,
  aud: audience,
  delivery: {
    method: methods[delivery.method],
    endpoint_url: delivery.method === 'push' ? delivery.url : `${issuer}${pollPath(id)}`,
  },
  events_supported: eventUris(['session-revoked', 'credential-change']),
  events_requested: eventUris(events),
  events_delivered: eventUris(events),
  min_verification_interval: verificationEveryMs / 1_000,
})

export const verificationEveryMs = 30_000
