import { createServer, type IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'

export type Received = { path: string; headers: IncomingHttpHeaders; body: string }
export type ReceiverAnswer = { status: number; headers?: Record<string, string>; body?: string }
export type Receiver = { url: string; received: Received[]; close(): Promise<void> }

/** A receiver on this machine that keeps what it was sent. `answer` may change from one call to the next. */
export const startReceiver = async (
  answer: (received: Received, nth: number) => ReceiverAnswer | Promise<ReceiverAnswer>,
): Promise<Receiver> => {
  const received: Received[] = []
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', chunk => chunks.push(chunk))
    request.on('end', async () => {
      const one = { path: request.url ?? '', headers: request.headers, body: Buffer.concat(chunks).toString('utf8') }
      received.push(one)
      const { status, headers = {}, body = '' } = await answer(one, received.length)
      response.writeHead(status, headers).end(body)
    })
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}`,
    received,
    close: async () => {
      server.closeAllConnections()
      await new Promise(resolve => server.close(resolve))
    },
  }
}
