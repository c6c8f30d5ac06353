import type { DoorConfig } from '../../schemas/door.ts'
import type { Problem } from '../pipeline/errors.ts'
import { fitsOne } from './answer-fits.ts'
import { httpTransport, type WireAnswer } from './http-transport.ts'
import { retryAfterMs } from './reply.ts'
import { fillJson, fillRecord } from './template.ts'
import { wireProblem } from './wire-problem.ts'

export type DoorAnswer = { state: 'accepted' } | { state: 'refused' } | { state: 'unknown'; problem: Problem }
export type Door = {
  /** Uses the credential once, on a connection that nobody used before. Takes no budget: the caller does. */
  use(value: string): Promise<DoorAnswer & { status?: number; retryAfterMs?: number | undefined }>
  close(): Promise<void>
}

export const openDoor = (config: DoorConfig, timeoutMs: number, caFile?: string): Door => {
  const { origin } = new URL(config.url)
  const transport = httpTransport({ origin, caFile, timeoutMs, connections: 4 })
  const send = async (given: string): Promise<{ answer: WireAnswer; goodbye: number | undefined }> => {
    // As the fingerprint has it: outer white space is not part of a credential.
    const value = given.trim()
    const names = (name: string) => (name === 'value' ? value : undefined)
    const via = transport.open()
    try {
      const headers = fillRecord(config.headers, names)
      const json = config.json === undefined ? {} : { json: fillJson(config.json, names) }
      const answer = await transport.send({ method: config.method, uri: config.url, headers, ...json, via })
      return { answer, goodbye: await endSession(answer, headers) }
    } finally {
      await via.destroy()
    }
  }
  /** A probe that opened an MCP session ends it: a server keeps each until then. The status of that, where it was sent. */
  const endSession = async (answer: WireAnswer, given: Record<string, string>): Promise<number | undefined> => {
    const session = answer.headers['mcp-session-id']
    if (typeof session !== 'string') return undefined
    const { 'content-type': _, ...kept } = given
    const headers = { ...kept, 'mcp-session-id': session }
    const ended = await transport.send({ method: 'DELETE', uri: config.url, headers }).catch(() => undefined)
    return ended?.statusCode
  }
  return {
    use: async value => {
      try {
        const { answer, goodbye } = await send(value)
        // A 429 to the goodbye is a strike like any other.
        const status = goodbye === 429 ? 429 : answer.statusCode
        const pauseMs =
          status === 429 || status === 503 ? retryAfterMs(answer.headers['retry-after'], Date.now()) : undefined
        return { ...read(config, answer), status, retryAfterMs: pauseMs }
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
