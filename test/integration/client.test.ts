import { readFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type CurfewClient, CurfewRefused, curfewClient, withSession } from '../../clients/typescript/curfew.ts'
import type { ApiState } from '../../schemas/http.ts'
import { seal } from '../support/seal.ts'
import { until } from '../support/until.ts'
import { startWorld, type World } from '../support/world.ts'

let world: World
let client: CurfewClient
let door: { server: Server; busy: number; calls: string[] }

/** Stands before the API, and is as often unavailable as it is told. */
const openDoor = async (url: string) => {
  const state = { busy: 0, calls: [] as string[] }
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    state.calls.push(Buffer.concat(chunks).toString())
    if (state.busy-- > 0) return response.writeHead(503, { 'retry-after': '0' }).end('{}')
    const { authorization = '', 'content-type': type } = request.headers
    const answer = await fetch(`${url}${request.url}`, {
      method: request.method ?? 'GET',
      headers: { authorization, connection: 'close', ...(type ? { 'content-type': type } : {}) },
      ...(chunks.length === 0 ? {} : { body: Buffer.concat(chunks) }),
    })
    response.writeHead(answer.status, { 'content-type': 'application/json', connection: 'close' })
    return response.end(await answer.text())
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  return Object.assign(state, { server })
}

beforeAll(async () => {
  world = await startWorld({ processes: [['ledger', 'intake', 'work', 'api']] })
  const file = join(world.dir, 'api.json')
  const { url, token } = await until('the API listens', () => JSON.parse(readFileSync(file, 'utf8')) as ApiState)
  door = await openDoor(url)
  client = curfewClient({ url: `http://127.0.0.1:${(door.server.address() as AddressInfo).port}`, token })
})
afterAll(async () => {
  door?.server.closeAllConnections()
  await new Promise(resolve => door?.server.close(resolve))
  await world?.close()
})

describe('withSession', () => {
  it('what a session was given is refused when the callback returns', async () => {
    const token = await world.issuer.token()
    const id = await withSession(client, { agent: 'bot', idleMs: 60_000 }, async session => {
      await session.grant({ store: 'vault-local', ...token.grant })
      expect(await token.use()).toBe('accepted')
      return session.id
    })
    const { closed, receipts } = await client.closed(id)
    expect([closed, receipts[0]?.outcome]).toEqual([true, 'verified'])
    expect(await token.use()).toBe('refused')
  })

  it('also when the callback throws, and its own error is thrown', async () => {
    const token = await world.issuer.token()
    const failing = withSession(client, { id: 'thrown' }, async session => {
      await session.grant({ store: 'vault-local', ...token.grant })
      throw new RangeError('the agent failed')
    })
    await expect(failing).rejects.toThrow(RangeError)
    expect((await client.closed('thrown')).closed).toBe(true)
    expect(await token.use()).toBe('refused')
  })

  it('a task ends before its session does', async () => {
    const [ofTask, ofSession] = [await world.issuer.token(), await world.issuer.token()]
    await withSession(client, {}, async session => {
      await session.grant({ store: 'vault-local', ...ofSession.grant })
      await session.task('build', task => task.grant({ store: 'vault-local', ...ofTask.grant }))
      await until("the task's token is refused", async () => (await ofTask.use()) === 'refused')
      expect(await ofSession.use()).toBe('accepted')
    })
    await until("the session's token is refused", async () => (await ofSession.use()) === 'refused')
  })

  it('a value is sealed before it leaves, and a leak of it ends the credential', async () => {
    const token = await world.issuer.token()
    door.calls.length = 0
    await withSession(client, {}, async session => {
      await session.grant({ store: 'vault-local', ...token.grant, values: token.values })
      expect(door.calls.join()).not.toContain(token.values[0])
      await client.send('curfew.leak.detected', { sealed: await seal(world.config, token.values[0] ?? '') })
      await until('the leaked token is refused', async () => (await token.use()) === 'refused')
    })
  })

  it('an event is sent again under its id while Curfew is unavailable', async () => {
    door.calls.length = 0
    door.busy = 3
    await client.send('curfew.session.started', { session: 'again' })
    const sent = door.calls.map(body => (JSON.parse(body) as { id: string }).id)
    expect([sent.length, new Set(sent).size]).toEqual([4, 1])
  })

  it('what is refused is not sent again', async () => {
    door.calls.length = 0
    const wrong = { session: '', task: 'x', result: 'completed' } as const
    await expect(client.send('curfew.task.finished', wrong)).rejects.toThrow(CurfewRefused)
    expect(door.calls.length).toBe(1)
  })
})
