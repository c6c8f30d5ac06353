import nodeVault from 'node-vault'
import type { Dispatcher } from 'undici'
import type { Transport, WireAnswer, WireRequest } from '../http-transport.ts'
import { type Reply, record, retryAfterMs } from '../reply.ts'
import { wireProblem } from '../wire-problem.ts'

export type VaultRequest = {
  method: 'GET' | 'POST' | 'DELETE'
  /** Without a leading slash. */
  path: string
  json?: Record<string, unknown>
  token?: string
  /** Taken on a fresh connection and from the active node: may count as a proof. */
  proof?: boolean
}
export type VaultClient = { call(request: VaultRequest): Promise<Reply> }

/**
 * node-vault over our transport. Its own answers are not used: it rejects a 202 and every status but 200 and 204, drops
 * `sync` in `revoke()`, sets no timeout and follows redirects with the token. Its environment variables are overridden.
 */
export const vaultClient = (
  settings: { address: string; namespace?: string | undefined },
  transport: Transport,
): VaultClient => {
  const client = nodeVault({
    endpoint: settings.address,
    'request-promise': { defaults: () => (request: WireRequest) => transport.send(request) },
    debug: () => undefined,
  })
  Object.assign(client, { token: '', pathPrefix: '', namespace: '' })
  client.handleVaultResponse = async answer => answer

  const send = async (request: VaultRequest, via?: Dispatcher): Promise<Reply> => {
    const answer: WireAnswer = await client.request({
      method: request.method,
      path: `/${request.path}`,
      headers: headersOf(request, settings.namespace),
      ...(request.json === undefined ? {} : { json: request.json }),
      ...(via === undefined ? {} : { via }),
    })
    const pauseMs = retryAfterMs(answer.headers['retry-after'], Date.now())
    return { status: answer.statusCode, body: answer.body, retryAfterMs: pauseMs }
  }

  const prove = async (request: VaultRequest): Promise<Reply> => {
    const connection = transport.open()
    try {
      const reply = await send(request, connection)
      if ('problem' in reply || neverProof.has(reply.status)) return reply
      const leader = await send({ method: 'GET', path: 'sys/leader' }, connection)
      return standby(leader) ?? reply
    } finally {
      await connection.destroy()
    }
  }

  return {
    call: async request => {
      try {
        return await (request.proof ? prove(request) : send(request))
      } catch (error) {
        return { problem: wireProblem(error) }
      }
    },
  }
}

const headersOf = ({ token, path }: VaultRequest, namespace: string | undefined): Record<string, string> => ({
  ...(token === undefined ? {} : { 'X-Vault-Token': token }),
  // HashiCorp Vault serves sys/leader in the root namespace only.
  ...(namespace === undefined || path === 'sys/leader' ? {} : { 'X-Vault-Namespace': namespace }),
})

/** Throttled, sealed: no need to ask who said it. */
const neverProof = new Set([429, 503])

/** Since OpenBao 2.5 standbys answer reads, and were wrong for days (openbao#3505): what they refuse proves nothing. */
const standby = (leader: Reply): Reply | undefined => {
  if ('problem' in leader || leader.status === 429) return leader
  const body = record(leader.body)
  if (leader.status === 200 && (body.is_self === true || body.ha_enabled === false)) return undefined
  const who = leader.status === 200 ? 'a standby node answered' : `sys/leader answered ${leader.status}`
  return { problem: { code: 'protocol', detail: `${who}: a proof needs the active node` } }
}
