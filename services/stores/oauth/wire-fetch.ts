import { httpTransport, type Transport, type WireAnswer } from '../http-transport.ts'
import { type Reply, retryAfterMs } from '../reply.ts'
import { wireProblem } from '../wire-problem.ts'

/** What oauth4webapi hands to the fetch that it is given. */
type FetchOptions = { method: string; headers: Record<string, string>; body?: unknown }
export type Fetch = (url: string, options: FetchOptions) => Promise<Response>
/** One request built by oauth4webapi: over our transport, its answer kept as it came. */
export type Ask = (request: (fetch: Fetch) => Promise<unknown>, onFreshConnection?: boolean) => Promise<Reply>
export type Wire = { ask: Ask; close(): Promise<void> }

/** The endpoints may lie on several origins; each has its connections, our time limits and our CA. */
export const oauthWire = (settings: { caFile: string | undefined; timeoutMs: number; connections: number }): Wire => {
  const transports = new Map<string, Transport>()
  const transportTo = (origin: string) => {
    const known = transports.get(origin) ?? httpTransport({ ...settings, origin })
    transports.set(origin, known)
    return known
  }
  const send = async (url: string, options: FetchOptions, fresh: boolean): Promise<WireAnswer> => {
    const transport = transportTo(new URL(url).origin)
    const via = fresh ? transport.open() : undefined
    const { method, headers, body } = options
    const text = body === undefined ? {} : { text: String(body) }
    try {
      return await transport.send({ method, uri: url, headers, ...text, ...(via === undefined ? {} : { via }) })
    } finally {
      await via?.destroy()
    }
  }
  return {
    ask: async (request, fresh = false) => {
      let answer: WireAnswer | undefined
      try {
        await request(async (url, options) => {
          answer = await send(url, options, fresh)
          return asResponse(answer)
        })
      } catch (error) {
        // oauth4webapi dislikes an answer: that is read by us. No answer at all is a problem.
        if (answer === undefined) return { problem: wireProblem(error) }
      }
      if (answer === undefined) return { problem: { code: 'protocol', detail: 'nothing was asked' } }
      const pauseMs = retryAfterMs(answer.headers['retry-after'], Date.now())
      return { status: answer.statusCode, body: answer.body, retryAfterMs: pauseMs }
    },
    close: async () => {
      await Promise.all([...transports.values()].map(transport => transport.close()))
    },
  }
}

const bodiless = new Set([204, 205, 304])
const asResponse = ({ statusCode, text }: WireAnswer) =>
  new Response(bodiless.has(statusCode) ? null : text, {
    status: statusCode,
    headers: { 'content-type': 'application/json' },
  })
