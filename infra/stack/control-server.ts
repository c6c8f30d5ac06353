import { createServer, type Server } from 'node:net'
import { createInterface } from 'node:readline'
import { type ControlAnswer, type ControlRequest, controlRequest } from './control-protocol.ts'

export function serveControl(
  socketFile: string,
  answer: (request: ControlRequest) => Promise<Omit<ControlAnswer, 'id'>>,
): Server {
  const server = createServer(connection => {
    connection.on('error', () => connection.destroy())
    const reply = (line: ControlAnswer) => connection.writable && connection.write(`${JSON.stringify(line)}\n`)
    createInterface({ input: connection }).on('line', line => {
      const request = controlRequest.parse(JSON.parse(line))
      answer(request).then(
        result => reply({ id: request.id, ...result }),
        (error: unknown) => reply({ id: request.id, error: error instanceof Error ? error.message : String(error) }),
      )
    })
  })
  return server.listen(socketFile)
}
