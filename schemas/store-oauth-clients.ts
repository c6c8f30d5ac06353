import { z } from 'zod'
import { storeId } from './primitives.ts'
import { budget, propagationMs } from './store-limits.ts'

/** Curfew's own part of a registration. */
const ours = [
  'client_id',
  'client_secret',
  'client_name',
  'token_endpoint_auth_method',
  'grant_types',
  'jwks',
  'jwks_uri',
]

/**
 * Confidential clients of an OAuth authorization server as a registered secret's versions: each version is a client of its own, registered
 * by RFC 7591 and ended by RFC 7592. Consumers read the client's id and its secret together.
 */
export const oauthClientsStoreConfig = z.strictObject({
  id: storeId,
  kind: z.literal('oauth-clients'),
  /** The issuer identifier; its metadata names the registration endpoint (RFC 8414). */
  issuer: z.url(),
  /** File with the token that may register clients. Absent: the server registers anybody's. */
  initialAccessTokenFile: z.string().optional(),
  /** What the clients may do, beside `client_credentials`, with which a new secret is tried and an old one seen refused. */
  grantTypes: z.array(z.string().min(1).max(128)).default([]),
  /** More of the clients' metadata, as it is sent (scope, redirect_uris). */
  metadata: z
    .record(z.string(), z.union([z.string(), z.boolean(), z.number(), z.array(z.string())]))
    .default({})
    .refine(one => !Object.keys(one).some(name => ours.includes(name)), `not ${ours.join(', ')}: these are Curfew's`),
  /** Sent with the token request that tries a secret (scope, resource). */
  tokenRequest: z.record(z.string(), z.string()).default({}),
  /** Field of the kept secret that holds the client's id. */
  clientIdField: z.string().min(1).max(64).default('client_id'),
  caFile: z.string().optional(),
  timeoutMs: z.int().min(100).default(5_000),
  propagationMs,
  /** A deleted client's tokens live on, unless the server ends them. */
  survives: z
    .array(z.string().min(1).max(200))
    .default(['access tokens that the client was given before: until they expire']),
  budget,
})
export type OauthClientsStoreConfig = z.infer<typeof oauthClientsStoreConfig>
