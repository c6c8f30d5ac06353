import { once } from 'node:events'
import { connect } from 'node:net'
import { createInterface } from 'node:readline'
import type { ControlAnswer, ControlRequest } from './control-protocol.ts'
import { StackFailure } from './stack-failure.ts'

type WithoutId<T> = T extends unknown ? Omit<T, 'id'> : never
export type ControlClient = {
  ask: (request: WithoutId<ControlRequest>) => Promise<ControlAnswer>
  disconnect: () => void
}

/** Holds the process open only while an answer is awaited. */
export async function connectControl(socketFile: string): Promise<ControlClient> {
  const socket = connect(socketFile)
  await once(socket, 'connect')
  const waiting = new Map<number, (answer: ControlAnswer) => void>()
  let lastId = 0
  createInterface({ input: socket }).on('line', line => {
    const answer = JSON.parse(line) as ControlAnswer
    waiting.get(answer.id)?.(answer)
  })
  socket.on('error', () => socket.destroy())
  socket.on('close', () => {
    for (const [id, settle] of waiting) settle({ id, error: 'the stack has ended' })
  })
  socket.unref()
  async function ask(request: WithoutId<ControlRequest>): Promise<ControlAnswer> {
    if (socket.destroyed) throw new StackFailure('the stack has ended')
    const id = ++lastId
    const { promise, resolve } = Promise.withResolvers<ControlAnswer>()
    waiting.set(id, resolve)
    socket.ref()
    socket.write(`${JSON.stringify({ id, ...request })}\n`)
    const answer = await promise
    waiting.delete(id)
    if (waiting.size === 0) socket.unref()
    if (answer.error !== undefined) throw new StackFailure(answer.error)
    return answer
  }
  return { ask, disconnect: () => socket.destroy() }
}
