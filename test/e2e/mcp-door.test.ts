import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type OauthServer, startOauthServer } from '../../infra/sample/oauth-server.ts'
import { sampleOauthStore } from '../../infra/sample/oauth-store.ts'
import { expectAlive, expectDead } from '../support/expect-dead.ts'
import { until } from '../support/until.ts'
import { startWorld, type World } from '../support/world.ts'

let server: OauthServer
let world: World
const folder = mkdtempSync(join(tmpdir(), 'curfew-mcp-door-'))
const survives = [
  'streams that were open before: until their client or the server closes them',
  'calls that began before: until they end',
]
beforeAll(async () => {
  server = await startOauthServer()
  world = await startWorld({
    stores: [sampleOauthStore(server, folder, survives)],
  })
})
afterAll(async () => {
  await world?.close()
  await server?.close()
  rmSync(folder, { recursive: true })
})

/** What an agent sends to its MCP server. */
const send = (method: string, token: string, session?: string, message?: object) =>
  fetch(server.mcpUrl, {
    method,
    headers: {
      authorization: `Bearer ${token}`,
      accept: method === 'GET' ? 'text/event-stream' : 'application/json, text/event-stream',
      'mcp-protocol-version': '2025-11-25',
      ...(message === undefined ? {} : { 'content-type': 'application/json' }),
      ...(session === undefined ? {} : { 'mcp-session-id': session }),
    },
    ...(message === undefined ? {} : { body: JSON.stringify({ jsonrpc: '2.0', ...message }) }),
  })
const initialize = {
  id: 1,
  method: 'initialize',
  params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'agent', version: '1' } },
}
const call = (id: number, name: string) => ({ id, method: 'tools/call', params: { name, arguments: {} } })
const openMcpSession = async (token: string): Promise<string> => {
  const answer = await send('POST', token, undefined, initialize)
  await answer.text()
  const session = answer.headers.get('mcp-session-id')
  if (session === null) throw new Error(`no session: ${answer.status}`)
  await (await send('POST', token, session, { method: 'notifications/initialized' })).text()
  return session
}
/** Reads on in the background; `text` is all that came so far. */
const reading = (answer: Response) => {
  const one = { text: '', ended: false }
  const decoder = new TextDecoder()
  const read = async () => {
    for await (const chunk of answer.body ?? []) one.text += decoder.decode(chunk as Uint8Array, { stream: true })
    one.ended = true
  }
  void read().catch(() => {
    one.ended = true
  })
  return one
}

it('after a kill every new request is refused, also in a session of before; what was open before runs on, and the receipt says so', async () => {
  await world.emitter.emit('curfew.session.started', { session: 'm' })
  const held = await server.issueAccessToken()
  const other = await world.handOut('m', await server.issueAccessToken())
  const token = held.shown ?? ''
  const watched = await world.handOut('m', held, { task: 't' })
  const session = await openMcpSession(token)
  const stream = await send('GET', token, session)
  expect(stream.status).toBe(200)
  const events = reading(stream)
  const long = await send('POST', token, session, call(7, 'wait'))
  expect(long.status).toBe(200)
  const answers = reading(long)
  await until('the long call runs', () => server.mcp.longCalls() === 1)
  const hello = await send('POST', token, session, call(2, 'whoami'))
  expect(await hello.text()).toContain('an agent')
  await server.mcp.broadcast('before the kill')
  await until('the stream delivers', () => events.text.includes('before the kill'))

  await world.emitter.emit('curfew.task.finished', { session: 'm', task: 't', result: 'completed' })
  const receipt = await expectDead(world, watched, 'task_finished')

  const refused = {
    'a new session': () => send('POST', token, undefined, initialize),
    'a call in the session of before': () => send('POST', token, session, call(3, 'whoami')),
    'a notification in it': () => send('POST', token, session, { method: 'notifications/cancelled', params: {} }),
    'a new stream of it': () => send('GET', token, session),
    'its end': () => send('DELETE', token, session),
  }
  for (const [what, request] of Object.entries(refused)) {
    const answer = await request()
    await answer.text()
    expect(answer.status, what).toBe(401)
  }

  await server.mcp.broadcast('after the kill')
  await until('the stream of before still delivers', () => events.text.includes('after the kill'))
  expect(events.ended).toBe(false)
  expect(server.mcp.longCalls(), 'the long call still runs').toBe(1)
  expect(answers.ended).toBe(false)
  server.mcp.endLongCalls()
  await until('the long call is answered', () => answers.ended)
  expect(answers.text).toContain('ran to its end')
  expect(receipt).toMatchObject({ outcome: 'verified', evidence: 'used', exposure: survives })
  await expectAlive(other)
})
