import type { OauthClientsStoreConfig } from '../../../schemas/store-oauth-clients.ts'
import type { Problem } from '../../pipeline/errors.ts'
import type { Issued, IssueRequest, Reserved } from '../../pipeline/ports.ts'
import { problemOf } from '../oauth/answers.ts'
import { type Reply, record } from '../reply.ts'
import { type ClientCalls, lacks } from './client-calls.ts'
import { noteOf, type Registration, registrationIn } from './registration.ts'

type Failed = { problem: Problem }
type Powerless = { clientId: string; name: string; registration: Registration }

/** A client that may do nothing: no grant, and no secret. `none` alone would let anybody in who knows the id (oidc-provider 9.13: seen). */
const nothing = { token_endpoint_auth_method: 'none', grant_types: [], response_types: [], redirect_uris: [] }

/**
 * RFC 7591 neither names clients nor lists them, and what manages one is told once. So a client is registered without any power; its id and
 * what manages it are written down; and only then it gets its grants, and with them its secret.
 */
export const reserveClient =
  (config: OauthClientsStoreConfig, calls: ClientCalls) =>
  async ({ name }: IssueRequest): Promise<Reserved | Failed | { impossible: string }> => {
    const reply = await calls.register({ client_name: name, ...nothing })
    if ('problem' in reply) return reply
    if (reply.status !== 201 && reply.status !== 200) return { problem: problemOf(reply, 'the registration endpoint') }
    const made = record(reply.body)
    const registration = registrationIn(made)
    if (typeof made.client_id !== 'string') return lacks('a registration without a client_id')
    if (!registration)
      return { impossible: 'the server does not let its clients be managed (RFC 7592): a client could not be ended' }
    const client = { clientId: made.client_id, name, registration }
    if (hasPower(made)) return undo(calls, registration, powerful)
    const kept = await keepsItsToken(calls, client)
    if (kept !== true) return kept
    return { handle: client.clientId, note: noteOf(registration), fill: () => fill(config, calls, client) }
  }

/** What was made is taken away again: nobody was told it. */
const undo = async (calls: ClientCalls, registration: Registration, impossible: string) => {
  await calls.manage({ method: 'DELETE', registration, lane: 'kill' })
  return { impossible }
}

const powerful = 'the server gives a client power that did not ask for any: a crash would leave a living one'
const hasPower = ({ client_secret, grant_types, token_endpoint_auth_method }: Record<string, unknown>) =>
  client_secret !== undefined ||
  token_endpoint_auth_method !== 'none' ||
  (Array.isArray(grant_types) && grant_types.length > 0)

const replacesToken =
  'the server replaces the registration access token with each update: a lost answer would leave a client that nobody can end'

/** An update that changes nothing, while nothing is alive yet. */
const keepsItsToken = async (
  calls: ClientCalls,
  client: Powerless,
): Promise<true | Failed | { impossible: string }> => {
  const { registration, clientId, name } = client
  const json = { client_id: clientId, client_name: name, ...nothing }
  const reply = await calls.manage({ method: 'PUT', registration, json, lane: 'kill' })
  if (!isOk(reply)) return { problem: problemOf(reply, 'the registration of a client') }
  const { token } = registrationIn({ registration_client_uri: registration.uri, ...record(reply.body) }) ?? registration
  return token === registration.token || undo(calls, { ...registration, token }, replacesToken)
}

/** A client that was deleted meanwhile is refused here: a late process brings nothing to life. */
const fill = async (
  { grantTypes, metadata, clientIdField }: OauthClientsStoreConfig,
  calls: ClientCalls,
  { clientId, name, registration }: Powerless,
): Promise<Issued | Failed> => {
  const grant_types = [...new Set(['client_credentials', ...grantTypes])]
  const method = 'client_secret_basic'
  const json = {
    response_types: [],
    redirect_uris: [],
    ...metadata,
    client_id: clientId,
    client_name: name,
    token_endpoint_auth_method: method,
    grant_types,
  }
  const reply = await calls.manage({ method: 'PUT', registration, json, lane: 'kill' })
  if (!isOk(reply)) return { problem: problemOf(reply, 'the registration of a client') }
  const { client_secret: value, client_secret_expires_at: ends } = record(reply.body)
  if (typeof value !== 'string' || value === '') return lacks('the server gave the client no secret')
  return {
    handle: clientId,
    value,
    fields: { [clientIdField]: clientId },
    ...(typeof ends === 'number' && ends > 0 ? { expiresAt: ends * 1_000 } : {}),
  }
}

const isOk = (reply: Reply): reply is Exclude<Reply, Failed> => !('problem' in reply) && reply.status === 200
