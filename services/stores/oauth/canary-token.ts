import { allowInsecureRequests, clientCredentialsGrantRequest, customFetch } from 'oauth4webapi'
import type { OauthStoreConfig } from '../../../schemas/store-oauth.ts'
import type { Problem } from '../../pipeline/errors.ts'
import { alike, storeBudget } from '../budget.ts'
import { meteredCalls } from '../metered.ts'
import { record } from '../reply.ts'
import { requireSafe } from '../safe-url.ts'
import type { StoreParts } from '../store-parts.ts'
import { problemOf } from './answers.ts'
import { discovery } from './discovery.ts'
import { clientAuth, noSecret } from './endpoints.ts'
import { oauthWire } from './wire-fetch.ts'

/** A token as the caller seals it: RFC 7009 needs to be shown it. */
export type OauthCanary = { value: string; expiresAt: number }
export type OauthCanaries = {
  create(): Promise<OauthCanary | { problem: Problem }>
  close(): Promise<void>
}

/** Where the server does not say how long a token lives (RFC 6749 section 5.1 leaves it open). */
const silentLifeMs = 600_000

/** Access tokens of the store's own client by the client credentials grant. Inside the store's budget, after everything else. */
export const oauthCanaryTokens = (config: OauthStoreConfig, parts: Omit<StoreParts, 'sealing'>): OauthCanaries => {
  const { id, caFile, timeoutMs, budget: limits, clientId } = config
  for (const address of [config.issuer, config.resource]) if (address !== undefined) requireSafe(address)
  const wire = oauthWire({ caFile, timeoutMs, connections: 1 })
  const { redis, redisPrefix: prefix, onCall } = parts
  const leaseMs = 2 * timeoutMs + 1_000
  const call = meteredCalls(id, storeBudget({ redis, prefix, store: id, limits: alike(limits), leaseMs }), onCall)
  const find = discovery({ issuer: config.issuer, resource: config.resource, call, wire })
  return {
    create: async () => {
      const server = await find('probe')
      if ('problem' in server) return server
      const endpoint = server.token_endpoint ?? ''
      if (endpoint === '') return { problem: { code: 'protocol', detail: 'the issuer has no token endpoint' } }
      const auth = await clientAuth(config)
      if (!auth) return { problem: noSecret(config) }
      const reply = await call({ operation: 'canary.create', group: 'probe', lane: 'probe' }, () =>
        wire.ask(fetch =>
          clientCredentialsGrantRequest(server, { client_id: clientId }, auth, new URLSearchParams(), {
            [customFetch]: fetch as never,
            [allowInsecureRequests]: endpoint.startsWith('http:'),
          }),
        ),
      )
      const where = `client "${clientId}" at ${endpoint}`
      if ('problem' in reply || reply.status !== 200) return { problem: problemOf(reply, where) }
      const { access_token: value, expires_in: lifeSeconds } = record(reply.body)
      if (typeof value !== 'string' || value === '')
        return { problem: { code: 'protocol', detail: `no access token for ${where}` } }
      const lifeMs = typeof lifeSeconds === 'number' ? lifeSeconds * 1_000 : silentLifeMs
      return { value, expiresAt: Date.now() + lifeMs }
    },
    close: wire.close,
  }
}
