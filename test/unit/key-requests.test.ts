import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { httpTransport, type Transport } from '../../services/stores/http-transport.ts'
import { handleShape } from '../../services/stores/key-api/handle-shape.ts'
import { parsePreset } from '../../services/stores/key-api/load-preset.ts'
import { openProduct } from '../../services/stores/key-api/product.ts'
import { productCall } from '../../services/stores/key-api/product-call.ts'
import { laneReserve } from '../../services/stores/lane-reserve.ts'
import type { Metered } from '../../services/stores/metered.ts'

const asked: string[] = []
const server = createServer((request, response) => {
  asked.push(`${request.method} ${request.url}`)
  response.writeHead(200, { 'x-pause': '30' }).end()
})
let transport: Transport
let address: string
beforeAll(async () => {
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  transport = httpTransport({ origin: address, caFile: undefined, timeoutMs: 2_000, connections: 2 })
})
afterAll(async () => {
  await transport.close()
  await new Promise(resolve => server.close(resolve))
})

const preset = (pattern: string, path: string) =>
  parsePreset(
    `format: 1
product: p
tried: tests
pauseHeader: x-pause
handle: { is: a key, pattern: '${pattern}' }
revoke: { request: { method: DELETE, path: '${path}' }, done: [200] }
door: {}
windowSeconds: 0
`,
    'mine',
  )
const call = async (path: string, names: Record<string, string | undefined>) => {
  const one = preset('^(?<org>[\\w.]*):(?<id>[\\w.]*)$', path)
  const product = openProduct({ id: 's', address, parameters: {}, secrets: {} } as never, one)
  const { request } = one.revoke
  asked.length = 0
  const purpose = { operation: 'revoke', request, budget: 'api', lane: 'kill' } as const
  const metered: Metered<string> = (_, work) => work()
  return productCall({ product, transport, metered })({ ...purpose, names: name => names[name] })
}

describe('a request of an administrator goes where its preset says, or nowhere', () => {
  it.each([
    [{ 'handle.org': 'acme', 'handle.id': undefined }],
    [{ 'handle.org': 'acme', 'handle.id': '' }],
    [{ 'handle.org': 'acme', 'handle.id': '..' }],
    [{ 'handle.org': '.', 'handle.id': 'k' }],
  ])('%j is not sent', async names => {
    expect(await call('/orgs/{{handle.org}}/keys/{{handle.id}}', names)).toMatchObject({
      problem: { code: 'protocol' },
    })
    expect(asked).toEqual([])
  })

  it('what is filled in stays in its place', async () => {
    await call('/orgs/{{handle.org}}/keys/{{handle.id}}', { 'handle.org': 'a/b?c', 'handle.id': 'k' })
    expect(asked).toEqual(['DELETE /orgs/a%2Fb%3Fc/keys/k'])
  })

  it('a pause is taken from a refusal only', async () => {
    expect(await call('/keys/{{handle.id}}', { 'handle.id': 'k' })).toMatchObject({
      status: 200,
      retryAfterMs: undefined,
    })
  })

  it.each(['acme:', ':k', 'acme:..', '..:k', '.', '..', 'a:.'])('the handle %j is refused', handle =>
    expect(handleShape(preset('^(?<org>[\\w.]*):?(?<id>[\\w.]*)$', '/k/{{handle}}'))(handle)).toBeUndefined(),
  )
})

describe('what a lane leaves to those before it', () => {
  it.each([
    ['leak', 3, 0],
    ['kill', 3, 1],
    ['probe', 3, 2],
    ['kill', 1, 0],
    ['kill', 80, 10],
    ['probe', 80, 40],
  ] as const)('%s of %i: %i', (lane, total, kept) => expect(laneReserve(lane, total)).toBe(kept))
})
