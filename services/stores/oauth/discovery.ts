import {
  type AuthorizationServer,
  allowInsecureRequests,
  customFetch,
  discoveryRequest,
  processDiscoveryResponse,
  processResourceDiscoveryResponse,
  resourceDiscoveryRequest,
} from 'oauth4webapi'
import type { Problem } from '../../pipeline/errors.ts'
import type { Lane } from '../../pipeline/ports.ts'
import type { Metered } from '../metered.ts'
import type { Reply } from '../reply.ts'
import { isSafe } from '../safe-url.ts'
import { problemOf } from './answers.ts'
import type { Fetch, Wire } from './wire-fetch.ts'

export type Server = Pick<
  AuthorizationServer,
  'issuer' | 'revocation_endpoint' | 'introspection_endpoint' | 'token_endpoint' | 'registration_endpoint'
>
export type Discovery = (lane: Lane) => Promise<Server | { problem: Problem }>
type DiscoveryParts = { issuer: string | undefined; resource: string | undefined; call: Metered; wire: Wire }

const keptMs = 10 * 60_000

/** RFC 8414, through RFC 9728 where only a resource is configured. At the first need, kept, asked again after a failure. */
export const discovery = (parts: DiscoveryParts): Discovery => {
  let known: { server: Server; until: number } | undefined
  let pending: ReturnType<Discovery> | undefined
  return lane => {
    if (known && performance.now() < known.until) return Promise.resolve(known.server)
    // Single flight: however many credentials wait for it, one question.
    pending ??= find(parts, lane)
      .then(found => {
        if (!('problem' in found)) known = { server: found, until: performance.now() + keptMs }
        return found
      })
      .finally(() => {
        pending = undefined
      })
    return pending
  }
}

const find = async (parts: DiscoveryParts, lane: Lane): ReturnType<Discovery> => {
  const issuer = parts.issuer ?? (await issuerOf(parts, lane))
  if (typeof issuer !== 'string') return issuer
  const url = new URL(issuer)
  const found = await read(parts, 'discovery.server', lane, url, fetch =>
    discoveryRequest(url, { algorithm: 'oauth2', ...over(fetch, url) }).then(answer =>
      processDiscoveryResponse(url, answer),
    ),
  )
  if ('problem' in found) return found
  const server: Server = found.document
  const { revocation_endpoint, introspection_endpoint, token_endpoint, registration_endpoint } = server
  const unsafe = [revocation_endpoint, introspection_endpoint, token_endpoint, registration_endpoint].find(
    endpoint => endpoint !== undefined && !isSafe(endpoint),
  )
  return unsafe === undefined ? server : protocol(`an endpoint of ${url.host} is not https`)
}

const issuerOf = async (parts: DiscoveryParts, lane: Lane): Promise<string | { problem: Problem }> => {
  const url = new URL(parts.resource ?? '')
  const found = await read(parts, 'discovery.resource', lane, url, fetch =>
    resourceDiscoveryRequest(url, over(fetch, url)).then(answer => processResourceDiscoveryResponse(url, answer)),
  )
  if ('problem' in found) return found
  const [issuer, ...others] = found.document.authorization_servers ?? []
  if (issuer === undefined || others.length > 0)
    return protocol(`the metadata of ${url.host} names ${others.length + (issuer ? 1 : 0)} servers: set \`issuer\``)
  return isSafe(issuer) ? issuer : protocol(`the authorization server of ${url.host} is not https`)
}

/** The library checks the document (issuer or resource must be the one that was asked for); the reply says why there is none. */
const read = async <T extends object>(
  { call, wire }: DiscoveryParts,
  operation: string,
  lane: Lane,
  url: URL,
  request: (fetch: Fetch) => Promise<T>,
): Promise<{ document: T } | { problem: Problem }> => {
  let document: T | undefined
  const reply: Reply = await call({ operation, group: 'login', lane }, () =>
    wire.ask(async fetch => {
      document = await request(fetch)
    }),
  )
  if (document !== undefined) return { document }
  if (!('problem' in reply) && reply.status === 200) return protocol(`the metadata of ${url.host} is not valid`)
  return { problem: problemOf(reply, `the metadata of ${url.host}`) }
}

const over = (fetch: Fetch, url: URL) => ({
  [customFetch]: fetch as never,
  [allowInsecureRequests]: url.protocol === 'http:',
})
const protocol = (detail: string): { problem: Problem } => ({ problem: { code: 'protocol', detail } })
