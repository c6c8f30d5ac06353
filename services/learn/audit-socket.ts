import { existsSync, unlinkSync } from 'node:fs'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { StartRefused } from '../pipeline/errors.ts'

export type SocketPlace = { path: string } | { host: string; port: number }
/** `unix:<path>`, or `tcp:<address>:<port>`. */
export const socketPlace = (text: string): SocketPlace => {
  const [, path] = /^unix:(.+)$/.exec(text) ?? []
  if (path !== undefined) return { path }
  const [, host = '127.0.0.1', port = ''] = /^tcp:(.+):(\d+)$/.exec(text) ?? []
  return { host: host.replaceAll(/[[\]]/g, ''), port: Number(port) }
}

export type SocketEvents = {
  connected(): void
  lost(): void
  line(line: Buffer): void
  tooLong(): void
}

const longestLine = 16 * 1024 * 1024

/**
 * Takes connections and reads lines, always and at once: a device whose lines nobody takes stops a Vault that has no other device. So
 * whoever is given the lines must never make it wait.
 */
export const listenForLines = async (place: SocketPlace, events: SocketEvents): Promise<{ close(): Promise<void> }> => {
  const sockets = new Set<Socket>()
  const server = createServer(socket => {
    sockets.add(socket)
    socket.setKeepAlive(true)
    socket.on('error', () => undefined)
    socket.on('data', linesOf(events))
    socket.on('close', () => {
      sockets.delete(socket)
      events.lost()
    })
    events.connected()
  })
  if ('path' in place) await removeStale(place.path)
  await listening(server, place)
  return {
    close: () =>
      new Promise<void>(resolve => {
        server.close(() => resolve())
        for (const socket of sockets) socket.destroy()
      }),
  }
}

const linesOf = ({ line, tooLong }: SocketEvents) => {
  let parts: Buffer[] = []
  let bytes = 0
  let skipping = false
  const end = (last: Buffer) => {
    const whole = Buffer.concat([...parts, last])
    if (!skipping && whole.length > 0) line(whole)
    parts = []
    bytes = 0
    skipping = false
  }
  return (chunk: Buffer) => {
    let start = 0
    for (let at = chunk.indexOf(0x0a); at >= 0; at = chunk.indexOf(0x0a, start)) {
      end(chunk.subarray(start, at))
      start = at + 1
    }
    const rest = chunk.subarray(start)
    bytes += rest.length
    if (bytes > longestLine && !skipping) {
      skipping = true
      parts = []
      tooLong()
    }
    if (!skipping && rest.length > 0) parts.push(rest)
  }
}

/** The file of a process that was killed; one that somebody listens on is not taken away. */
const removeStale = async (path: string): Promise<void> => {
  if (!existsSync(path)) return
  const isTaken = await new Promise<boolean>(resolve => {
    const socket = connect(path, () => {
      socket.destroy()
      resolve(true)
    })
    socket.on('error', () => resolve(false))
  })
  if (isTaken) throw new StartRefused(`another process listens on the audit socket ${path}`)
  unlinkSync(path)
}

const listening = (server: Server, place: SocketPlace): Promise<void> =>
  new Promise((resolve, reject) => {
    server.once('error', error => reject(new StartRefused(`the audit socket cannot be opened: ${error.message}`)))
    // Made with its rights, not given them afterwards: only this user (and root) may connect.
    const before = process.umask(0o177)
    server.listen(place, resolve)
    process.umask(before)
  })
