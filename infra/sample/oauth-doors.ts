import type { Tried } from './doors.ts'
import type { OauthClient } from './oauth-issuer.ts'

/** A new session at an MCP server, ended again. */
export const tryMcp = async (url: string, token: string): Promise<Tried> => {
  const call = `POST ${new URL(url).pathname} initialize`
  const headers = {
    authorization: `Bearer ${token}`,
    accept: 'application/json, text/event-stream',
    'content-type': 'application/json',
  }
  const clientInfo = { name: 'sample-agent', version: '1' }
  const params = { protocolVersion: '2025-11-25', capabilities: {}, clientInfo }
  const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'initialize', params })
  const answer = await fetch(url, { method: 'POST', headers, body, signal: AbortSignal.timeout(5_000) })
  await answer.text()
  const session = answer.headers.get('mcp-session-id')
  if (session !== null) {
    const ended = await fetch(url, { method: 'DELETE', headers: { ...headers, 'mcp-session-id': session } })
    await ended.text()
  }
  return { seen: seenOf(answer.status, 401), call, answer: String(answer.status) }
}

/** The use of a refresh token: another access token. It rotates where the issuer rotates. */
export const tryRefresh = async (issuer: string, client: OauthClient, token: string): Promise<Tried> => {
  const { status, body } = await tokenRequest(issuer, client, { grant_type: 'refresh_token', refresh_token: token })
  const refused = status === 400 && body.error === 'invalid_grant'
  const seen = status === 200 ? 'accepted' : refused ? 'refused' : 'unknown'
  return { seen, call: 'POST /token refresh_token', answer: `${status} ${String(body.error ?? '')}`.trim() }
}

export const tokenRequest = async (issuer: string, client: OauthClient, form: Record<string, string>) => {
  const login = Buffer.from(`${client.clientId}:${client.clientSecret}`).toString('base64')
  const answer = await fetch(`${issuer}/token`, {
    method: 'POST',
    headers: { authorization: `Basic ${login}` },
    body: new URLSearchParams(form),
    signal: AbortSignal.timeout(5_000),
  })
  return { status: answer.status, body: (await answer.json()) as Record<string, unknown> }
}

const seenOf = (status: number, no: number) => (status === 200 ? 'accepted' : status === no ? 'refused' : 'unknown')
