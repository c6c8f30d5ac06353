import { readFileSync } from 'node:fs'
import { Agent, request } from 'undici'
import type { VaultLogin } from '../stack/vault-folder.ts'

export type VaultAnswer = { status: number; body: Record<string, unknown> }
export type VaultAdmin = {
  call: (method: 'GET' | 'POST' | 'PUT' | 'DELETE', path: string, body?: unknown) => Promise<VaultAnswer>
  close: () => Promise<void>
}

/** Logged in with every right: for provisioning and readiness only. */
export async function connectVaultAdmin(login: VaultLogin): Promise<VaultAdmin> {
  const ca = login.caFile === '' ? undefined : readFileSync(login.caFile, 'utf8')
  const dispatcher = new Agent({
    connect: { ...(ca && { ca }), timeout: 2_000 },
    headersTimeout: 10_000,
    bodyTimeout: 10_000,
  })
  let token = ''
  const call: VaultAdmin['call'] = async (method, path, body) => {
    const answer = await request(`${login.address}/v1/${path}`, {
      method,
      dispatcher,
      headers: { ...(token !== '' && { 'x-vault-token': token }), 'content-type': 'application/json' },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    })
    const text = await answer.body.text()
    return { status: answer.statusCode, body: text === '' ? {} : (JSON.parse(text) as Record<string, unknown>) }
  }
  try {
    const answer = await call('POST', `auth/userpass/login/${login.adminUsername}`, { password: login.adminPassword })
    if (answer.status !== 200)
      throw new Error(`the admin login answered ${answer.status} ${JSON.stringify(answer.body.errors)}`)
    token = (answer.body.auth as { client_token: string }).client_token
  } catch (error) {
    await dispatcher.close()
    throw error
  }
  return { call, close: () => dispatcher.close() }
}
