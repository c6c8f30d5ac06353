import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, it, test } from 'vitest'
import { type DoorConfig, door, mcpDoor } from '../../schemas/door.ts'
import { openDoor } from '../../services/stores/door.ts'

type Answer = { status: number; body?: string; headers?: Record<string, string> }
let server: Server
let url: string
let answer: Answer
const seen: { method?: string | undefined; authorization?: string | undefined; session?: unknown }[] = []
beforeAll(async () => {
  server = createServer((request, response) => {
    const { authorization } = request.headers
    seen.push({ method: request.method, authorization, session: request.headers['mcp-session-id'] })
    response.writeHead(answer.status, answer.headers).end(answer.body)
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/mcp`
})
afterAll(
  () =>
    new Promise<void>(resolve => {
      server.close(() => resolve())
      server.closeAllConnections()
    }),
)

const used = async (config: DoorConfig, given: Answer) => {
  answer = given
  const opened = openDoor(config, 2_000)
  try {
    return await opened.use('a-token')
  } finally {
    await opened.close()
  }
}
const rpc = (more: object) => JSON.stringify({ jsonrpc: '2.0', id: 1, ...more })
const accessDenied = rpc({ error: { code: -32_001, message: 'access denied' } })

/** What comes with living tokens too, and how a door that means a refusal by it is described. */
const notRefusals: [string, Answer, DoorConfig['refused'][number]][] = [
  ['403', { status: 403, body: '{"error":"insufficient_scope"}' }, { status: 403 }],
  ['404', { status: 404 }, { status: 404 }],
  ['410', { status: 410 }, { status: [404, 410] }],
  ['429', { status: 429, headers: { 'retry-after': '1' } }, { status: 429 }],
  ['400', { status: 400, body: 'No valid session ID provided' }, { status: 400, contains: 'No valid session' }],
  ['500', { status: 500 }, { status: 500 }],
  ['503', { status: 503 }, { status: 503 }],
  ['302 to a login', { status: 302, headers: { location: '/login' } }, { status: 302 }],
  ['"access denied" inside a 200', { status: 200, body: accessDenied }, { status: 200, contains: 'access denied' }],
  ['a page inside a 200', { status: 200, body: '<html>Sign in</html>' }, { status: 200, contains: 'Sign in' }],
  ['202 without a body', { status: 202 }, { status: 202 }],
]

describe('what an MCP server answers to a token', () => {
  test.each(notRefusals)('%s is no refusal: it comes with living tokens too', async (_, given) => {
    const code = given.status === 429 ? 'throttled' : 'protocol'
    expect(await used(mcpDoor(url), given)).toMatchObject({ state: 'unknown', problem: { code }, status: given.status })
  })

  test.each(notRefusals)('%s is a refusal where the door is described so', async (_, given, refused) => {
    expect(await used({ ...mcpDoor(url), refused: [refused] }, given)).toMatchObject({ state: 'refused' })
    // And then a 401 is not, unless that is said as well.
    expect(await used({ ...mcpDoor(url), refused: [refused] }, { status: 401 })).toMatchObject({ state: 'unknown' })
  })

  it('401 is a refusal, whatever stands in it', async () => {
    for (const body of ['', accessDenied, rpc({ result: { protocolVersion: '2025-11-25' } })])
      expect(await used(mcpDoor(url), { status: 401, body })).toMatchObject({ state: 'refused' })
  })

  it('only the answer to `initialize` is an acceptance, as JSON or as a stream', async () => {
    const result = rpc({ result: { protocolVersion: '2025-11-25' } })
    for (const body of [result, `event: message\ndata: ${result}\n\n`])
      expect(await used(mcpDoor(url), { status: 200, body })).toMatchObject({ state: 'accepted' })
    expect(await used(mcpDoor(url), { status: 201, body: result })).toMatchObject({ state: 'unknown' })
  })

  it('what is said to be refused goes before what is said to be accepted', async () => {
    const both = door.parse({ url, refused: [{ status: 200, contains: 'access denied' }] })
    expect(await used(both, { status: 200, body: accessDenied })).toMatchObject({ state: 'refused' })
    expect(await used(both, { status: 200, body: '{}' })).toMatchObject({ state: 'accepted' })
  })

  it('a session that the probe opened is ended, with the token that opened it', async () => {
    seen.length = 0
    const body = rpc({ result: { protocolVersion: '2025-11-25' } })
    await used(mcpDoor(url), { status: 200, body, headers: { 'mcp-session-id': 'one' } })
    expect(seen).toMatchObject([
      { method: 'POST', authorization: 'Bearer a-token' },
      { method: 'DELETE', authorization: 'Bearer a-token', session: 'one' },
    ])
  })
})

describe('a door that does not answer', () => {
  it('is unknown where nobody listens, however it is described', async () => {
    const nobody = 'http://127.0.0.1:9/mcp'
    for (const config of [mcpDoor(nobody), door.parse({ url: nobody, refused: [{ status: [401, 403, 404] }] })])
      expect(await used(config, { status: 200 })).toMatchObject({
        state: 'unknown',
        problem: { code: 'unreachable', detail: expect.stringContaining('ECONNREFUSED') },
      })
  })

  it('is unknown where the connection ends without an answer, or the answer is not HTTP', async () => {
    const broken = createServer()
    broken.on('connection', socket => socket.end('SSH-2.0-OpenSSH_9.9\r\n'))
    await new Promise<void>(resolve => broken.listen(0, '127.0.0.1', resolve))
    const at = `http://127.0.0.1:${(broken.address() as AddressInfo).port}/mcp`
    expect(await used(mcpDoor(at), { status: 200 })).toMatchObject({ state: 'unknown' })
    await new Promise<void>(resolve => broken.close(() => resolve()))
  })
})
