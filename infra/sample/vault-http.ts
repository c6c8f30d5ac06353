import { readFileSync } from 'node:fs'
import { Agent, request } from 'undici'

export type VaultReply = { status: number; body: Record<string, unknown> }
export type VaultHttp = {
  call(method: 'GET' | 'POST', path: string, token: string | undefined, body?: unknown): Promise<VaultReply>
  close(): Promise<void>
}

/** Plain calls with a token of the caller's: what an agent or an issuer does, nothing of Curfew's. */
export const vaultHttp = (address: string, caFile: string): VaultHttp => {
  const dispatcher = new Agent({
    connect: { ca: readFileSync(caFile, 'utf8'), timeout: 2_000 },
    headersTimeout: 5_000,
    bodyTimeout: 5_000,
    connections: 16,
  })
  return {
    call: async (method, path, token, body) => {
      const answer = await request(`${address}/v1/${path}`, {
        method,
        dispatcher,
        headers: { ...(token === undefined ? {} : { 'x-vault-token': token }), 'content-type': 'application/json' },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      })
      const text = await answer.body.text()
      return { status: answer.statusCode, body: text === '' ? {} : (JSON.parse(text) as Record<string, unknown>) }
    },
    close: () => dispatcher.destroy(),
  }
}
