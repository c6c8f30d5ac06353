import type { RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { startKeyMcpServer } from './key-mcp-server.ts'
import { listen, stop } from './oauth-issuer.ts'

type Reads = { current(): Promise<string | undefined>; staged(): Promise<string | undefined> }

/**
 * An MCP server that knows its keys from its start on, as one that got them from its environment does: only the hook makes it know
 * others, as a restart would. `holds`: with two it accepts the staged key beside the current one, with one only the newest.
 */
export const startStaticKeyServer = async (reads: Reads, { holds = 2 }: { holds?: 1 | 2 } = {}) => {
  let keys = new Set([await reads.current()])
  let tells = 0
  let broken = false
  const mcp = await startKeyMcpServer({ accepts: key => keys.has(key) })
  const reload = async () => {
    const [current, staged] = [await reads.current(), await reads.staged()]
    keys = new Set(holds === 2 ? [current, staged] : [staged ?? current])
  }
  const hook: RequestListener = (request, response) => {
    const chunks: Buffer[] = []
    request.on('data', chunk => chunks.push(chunk as Buffer))
    request.on('end', () => {
      tells += 1
      const { action } = JSON.parse(Buffer.concat(chunks).toString('utf8')) as { action?: string }
      const done = broken ? Promise.reject(new Error('broken')) : action === 'drop' ? drop() : reload()
      done.then(
        () => response.writeHead(204).end(),
        () => response.writeHead(500).end(),
      )
    })
  }
  const drop = async () => {
    keys = new Set([await reads.current()])
  }
  const server = await listen(hook)
  return {
    mcpUrl: mcp.mcpUrl,
    hookUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`,
    /** The truth. */
    accepts: (key: string) => keys.has(key),
    tells: () => tells,
    breakHook: (is: boolean) => {
      broken = is
    },
    close: async () => {
      await mcp.close()
      await stop(server)
    },
  }
}
