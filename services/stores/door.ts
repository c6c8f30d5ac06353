import type { DoorConfig } from '../../schemas/door.ts'
import type { Problem } from '../pipeline/errors.ts'
import { fitsOne } from './answer-fits.ts'
import { httpTransport, type WireAnswer } from './http-transport.ts'
import { retryAfterMs } from './reply.ts'
import { wireProblem } from './wire-problem.ts'

/** A door that accepted a credential is a witness of it: only its refusal counts as a use that was refused. */
export const doorWitness = 'door'
export type DoorAnswer = { state: 'accepted' } | { state: 'refused' } | { state: 'unknown'; problem: Problem }
export type Door = {
  /** Uses the credential once, on a connection that nobody used before. Takes no budget: the caller does. */
  use(value: string): Promise<DoorAnswer & { status?: number; retryAfterMs?: number | undefined }>
  close(): Promise<void>
}

export const openDoor = (config: DoorConfig, timeoutMs: number, caFile?: string): Door => {
  const { origin } = new URL(config.url)
  const transport = httpTransport({ origin, caFile, timeoutMs, connections: 4 })
  const fill = (text: string, value: string) => text.replaceAll('{{value}}', value)
  const send = async (value: string): Promise<WireAnswer> => {
    const via = transport.open()
    try {
      const headers = Object.entries(config.headers).map(([name, text]) => [name, fill(text, value)])
      const answer = await transport.send({
        method: config.method,
        uri: config.url,
        headers: Object.fromEntries(headers),
        ...(config.json === undefined ? {} : { json: config.json }),
        via,
      })
      await endSession(answer, value)
      return answer
    } finally {
      await via.destroy()
    }
  }
  /** A probe that opened an MCP session ends it: a server keeps each until then. */
  const endSession = async (answer: WireAnswer, value: string) => {
    const session = answer.headers['mcp-session-id']
    if (typeof session !== 'string') return
    const headers = { authorization: fill(config.headers.authorization ?? '', value), 'mcp-session-id': session }
    await transport.send({ method: 'DELETE', uri: config.url, headers }).catch(() => undefined)
  }
  return {
    use: async value => {
      try {
        const answer = await send(value)
        const pauseMs = retryAfterMs(answer.headers['retry-after'], Date.now())
        return { ...read(config, answer), status: answer.statusCode, retryAfterMs: pauseMs }
      } catch (error) {
        return { state: 'unknown', problem: wireProblem(error) }
      }
    },
    close: transport.close,
  }
}

const read = (config: DoorConfig, { statusCode, body, text }: WireAnswer): DoorAnswer => {
  const answer = { status: statusCode, body, text }
  if (fitsOne(config.refused, answer)) return { state: 'refused' }
  if (fitsOne(config.accepted, answer)) return { state: 'accepted' }
  const code = statusCode === 429 ? 'throttled' : 'protocol'
  return {
    state: 'unknown',
    problem: {
      code,
      detail: `the door answered ${statusCode}, neither accepted nor refused as described: that says nothing`,
    },
  }
}
