import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { vaultHttp } from '../../infra/sample/vault-http.ts'

/** The real Vault behind a proxy that can say "rotated" without asking for it, or keep a look at a role waiting. */
export const lyingRotations = async (address: string, caFile: string) => {
  const http = vaultHttp(address, caFile)
  const lies = { swallowRotations: false, slowLookMs: 0 }
  const asked: string[] = []
  const handle = async (request: IncomingMessage, response: ServerResponse) => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    const path = (request.url ?? '').replace(/^\/v1\//, '')
    asked.push(`${request.method} ${path}`)
    if (lies.swallowRotations && path.includes('rotate-role/')) return void response.writeHead(204).end()
    const text = Buffer.concat(chunks).toString('utf8')
    const token = request.headers['x-vault-token']
    const method = request.method === 'POST' ? 'POST' : 'GET'
    const answer = await http.call(method, path, token?.toString(), text === '' ? undefined : JSON.parse(text))
    const send = () => {
      const body = answer.status === 204 ? undefined : JSON.stringify(answer.body)
      response.writeHead(answer.status, { 'content-type': 'application/json' }).end(body)
    }
    if (lies.slowLookMs > 0 && path.includes('static-roles/')) setTimeout(send, lies.slowLookMs)
    else send()
  }
  const server = createServer((request, response) => {
    handle(request, response).catch(() => response.writeHead(502).end())
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  return {
    address: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    lies,
    rotations: () => asked.filter(one => one.includes('rotate-role/')).length,
    close: async () => {
      server.closeAllConnections()
      await new Promise(resolve => server.close(resolve))
      await http.close()
    },
  }
}
