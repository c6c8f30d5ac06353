import { readFile } from 'node:fs/promises'
import {
  allowInsecureRequests,
  type ClientAuth,
  ClientSecretBasic,
  ClientSecretPost,
  customFetch,
  introspectionRequest,
  revocationRequest,
} from 'oauth4webapi'
import type { Lane, StepResult } from '../../pipeline/ports.ts'
import type { Metered } from '../metered.ts'
import { type Introspected, introspected, revocationStep } from './answers.ts'
import type { Server } from './discovery.ts'
import type { Wire } from './wire-fetch.ts'

export type ClientLogin = { clientId: string; clientSecretFile: string; clientAuth: 'basic' | 'post' }
export type Endpoints = {
  introspect(server: Server, token: string, lane: Lane, proof: boolean): Promise<Introspected>
  revoke(server: Server, token: string, lane: Lane): Promise<StepResult>
}

/** Never a `token_type_hint`: with a wrong one a server may answer 200 and look no further, and without one none is wrong. */
export const oauthEndpoints = (parts: {
  call: Metered
  wire: Wire
  revoker: ClientLogin
  introspector: ClientLogin
}): Endpoints => {
  const { call, wire, revoker, introspector } = parts
  return {
    introspect: async (server, token, lane, proof) => {
      const asked = { clientId: introspector.clientId, endpoint: server.introspection_endpoint ?? '' }
      const auth = await clientAuth(introspector)
      if (!auth) return { state: 'unknown', problem: noSecret(introspector) }
      const reply = await call({ operation: 'introspect', group: 'probe', lane }, () =>
        wire.ask(
          fetch =>
            introspectionRequest(server, { client_id: introspector.clientId }, auth, token, {
              [customFetch]: fetch as never,
              [allowInsecureRequests]: asked.endpoint.startsWith('http:'),
            }),
          proof,
        ),
      )
      return introspected(reply, asked)
    },
    revoke: async (server, token, lane) => {
      const asked = { clientId: revoker.clientId, endpoint: server.revocation_endpoint ?? '' }
      const auth = await clientAuth(revoker)
      if (!auth) return { state: 'failed', problem: noSecret(revoker) }
      const reply = await call({ operation: 'revoke', group: 'revoke', lane }, () =>
        wire.ask(fetch =>
          revocationRequest(server, { client_id: revoker.clientId }, auth, token, {
            [customFetch]: fetch as never,
            [allowInsecureRequests]: asked.endpoint.startsWith('http:'),
          }),
        ),
      )
      return revocationStep(reply, asked, token)
    },
  }
}

/** Read each time: a rotated secret is used from then on. */
export const clientAuth = async ({ clientSecretFile, clientAuth }: ClientLogin): Promise<ClientAuth | undefined> => {
  const secret = await readFile(clientSecretFile, 'utf8').catch(() => undefined)
  if (secret === undefined || secret.trim() === '') return undefined
  return clientAuth === 'basic' ? ClientSecretBasic(secret.trim()) : ClientSecretPost(secret.trim())
}

export const noSecret = ({ clientId, clientSecretFile }: ClientLogin) =>
  ({ code: 'permission', detail: `no readable secret of client "${clientId}" in ${clientSecretFile}` }) as const
