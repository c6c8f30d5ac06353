import { randomInt } from 'node:crypto'
import { createServer } from 'node:net'
import { waitUntil } from './wait-until.ts'

const given = new Set<number>()

/**
 * A free loopback port below the range that outgoing connections take theirs from. A port of that range can be lost while
 * a component is down, even to a client that connects to itself, and then it cannot come back at its address.
 */
export function freePort(): Promise<number> {
  return waitUntil('a free port', 10_000, async () => {
    const port = randomInt(15_000, 32_000)
    if (given.has(port)) throw new Error(`${port} is given already`)
    await new Promise<void>((resolve, reject) => {
      const server = createServer()
      server.once('error', reject)
      server.listen(port, '127.0.0.1', () => server.close(() => resolve()))
    })
    given.add(port)
    return port
  })
}
