import { readFile } from 'node:fs/promises'
import { allowInsecureRequests, ClientSecretBasic, clientCredentialsGrantRequest, customFetch } from 'oauth4webapi'
import type { OauthClientsStoreConfig } from '../../../schemas/store-oauth-clients.ts'
import type { Problem } from '../../pipeline/errors.ts'
import type { Lane, StoreUse } from '../../pipeline/ports.ts'
import type { Metered } from '../metered.ts'
import { problemOf } from '../oauth/answers.ts'
import type { Discovery, Server } from '../oauth/discovery.ts'
import type { Wire } from '../oauth/wire-fetch.ts'
import { type Reply, record } from '../reply.ts'
import type { Registration } from './registration.ts'

export type ClientCallParts = { config: OauthClientsStoreConfig; call: Metered; wire: Wire; find: Discovery }
type Managed = { method: 'GET' | 'PUT' | 'DELETE'; registration: Registration; json?: object; lane: Lane }

/** The calls of client registration (RFC 7591, RFC 7592), and the one use of a client's secret. */
export const clientCalls = ({ config, call, wire, find }: ClientCallParts) => {
  const send = (method: string, url: string, token: string | undefined, json?: object, fresh = false) =>
    wire.ask(
      fetch =>
        fetch(url, {
          method,
          headers: {
            accept: 'application/json',
            ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
            ...(json === undefined ? {} : { 'content-type': 'application/json' }),
          },
          ...(json === undefined ? {} : { body: JSON.stringify(json) }),
        }),
      fresh,
    )
  return {
    register: async (json: object): Promise<Reply> => {
      const server = await find('kill')
      if ('problem' in server) return server
      const { registration_endpoint: endpoint } = server
      if (endpoint === undefined) return lacks('no registration_endpoint in its metadata (RFC 7591)')
      const token = await initialToken(config)
      if (typeof token === 'object') return token
      const purpose = { operation: 'client.register', group: 'revoke', lane: 'kill' } as const
      return call(purpose, () => send('POST', endpoint, token, json))
    },
    manage: ({ method, registration, json, lane }: Managed): Promise<Reply> => {
      const group = method === 'GET' ? 'probe' : 'revoke'
      const purpose = { operation: `client.${method.toLowerCase()}`, group, lane } as const
      return call(purpose, () => send(method, registration.uri, registration.token, json, method === 'GET'))
    },
    /** One token request, each time on a new connection; the token is dropped unread. */
    use: async (clientId: string, secret: string, lane: Lane): Promise<StoreUse> => {
      const server = await find(lane)
      if ('problem' in server) return { state: 'unknown', problem: server.problem }
      const purpose = { operation: 'client.use', group: 'probe', lane } as const
      const reply = await call(purpose, () =>
        wire.ask(fetch => tokenRequest(server, config, clientId, secret, fetch), true),
      )
      return useAnswer(reply)
    },
  }
}
export type ClientCalls = ReturnType<typeof clientCalls>

const tokenRequest = (
  server: Server,
  { tokenRequest }: OauthClientsStoreConfig,
  clientId: string,
  secret: string,
  fetch: unknown,
) =>
  clientCredentialsGrantRequest(server, { client_id: clientId }, ClientSecretBasic(secret), tokenRequest, {
    [customFetch]: fetch as never,
    [allowInsecureRequests]: server.token_endpoint?.startsWith('http:') ?? false,
  })

/** Only "this client is not authenticated" is a refusal of the secret: any other error comes to living clients, too. */
export const useAnswer = (reply: Reply): StoreUse => {
  if ('problem' in reply) return { state: 'unknown', problem: reply.problem }
  const { access_token: token, error } = record(reply.body)
  if (reply.status === 200 && typeof token === 'string') return { state: 'accepted' }
  if ((reply.status === 401 || reply.status === 400) && error === 'invalid_client') return { state: 'refused' }
  return { state: 'unknown', problem: problemOf(reply, 'the token endpoint') }
}

const initialToken = async ({ initialAccessTokenFile: file }: OauthClientsStoreConfig) => {
  if (file === undefined) return undefined
  const token = (await readFile(file, 'utf8').catch(() => '')).trim()
  if (token !== '') return token
  const detail = `no readable initial access token in ${file}`
  return { problem: { code: 'permission', detail } satisfies Problem }
}

export const lacks = (detail: string): { problem: Problem } => ({ problem: { code: 'protocol', detail } })
