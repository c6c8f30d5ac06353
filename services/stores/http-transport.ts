import { readFileSync } from 'node:fs'
import type { IncomingHttpHeaders } from 'node:http'
import { buildConnector, Client, type Dispatcher, Pool } from 'undici'
import { isLostConnection } from './wire-problem.ts'

/** One request; the names are those that node-vault hands to its HTTP library. */
export type WireRequest = {
  method: string
  uri: string
  headers: Record<string, string>
  json?: unknown
  /** A body that is not JSON, with its content type in `headers`. */
  text?: string
  /** A connection of the caller's own; absent: one of the kept ones. */
  via?: Dispatcher
}
export type WireAnswer = {
  statusCode: number
  /** Parsed where it is JSON. */
  body: unknown
  text: string
  headers: IncomingHttpHeaders
  request: { path: string }
}
export type Transport = {
  send(request: WireRequest): Promise<WireAnswer>
  /** A TLS connection that nobody used before: what a proof is taken on. The caller closes it. */
  open(): Dispatcher
  close(): Promise<void>
}

const usualAnswerBytes = 64 * 1024
const maxRedirects = 2

/** Keep-alive, the store's own CA, a hard end for everything. Redirects are followed inside the origin only. */
export const httpTransport = (settings: {
  origin: string
  caFile: string | undefined
  timeoutMs: number
  connections: number
  mostAnswerBytes?: number
}): Transport => {
  const { origin, timeoutMs } = settings
  const ca = settings.caFile === undefined ? undefined : readFileSync(settings.caFile, 'utf8')
  const limits = {
    connect: buildConnector({ ...(ca === undefined ? {} : { ca }), timeout: timeoutMs }),
    headersTimeout: timeoutMs,
    bodyTimeout: timeoutMs,
    maxResponseSize: settings.mostAnswerBytes ?? usualAnswerBytes,
  }
  const pool = new Pool(origin, { ...limits, connections: settings.connections, keepAliveTimeout: 30_000 })
  const open = () => new Client(origin, limits)

  const once = async (
    request: WireRequest,
    via: Dispatcher,
    path: string,
    signal: AbortSignal,
  ): Promise<WireAnswer> => {
    const isJson = request.json !== undefined
    const sent = isJson ? JSON.stringify(request.json) : request.text
    const answer = await via.request({
      method: request.method as Dispatcher.HttpMethod,
      path,
      headers: { ...request.headers, ...(isJson ? { 'content-type': 'application/json' } : {}) },
      ...(sent === undefined ? {} : { body: sent }),
      signal,
    })
    const text = await answer.body.text()
    return { statusCode: answer.statusCode, body: parsed(text), text, headers: answer.headers, request: { path } }
  }

  const send: Transport['send'] = async request => {
    const signal = AbortSignal.timeout(timeoutMs)
    const url = new URL(request.uri)
    let path = url.pathname + url.search
    for (let hop = 0; ; hop += 1) {
      const answer = await again(request.via === undefined, via =>
        once(request, via ?? request.via ?? pool, path, signal),
      )
      const next = hop < maxRedirects && answer.statusCode === 307 ? inside(origin, answer.headers.location) : undefined
      if (next === undefined) return answer
      path = next
    }
  }

  /** Every call is idempotent or its result is looked for: a kept connection that the server had closed is tried once more, on a new one. */
  const again = async (kept: boolean, attempt: (via?: Dispatcher) => Promise<WireAnswer>): Promise<WireAnswer> => {
    try {
      return await attempt()
    } catch (error) {
      if (!kept || !isLostConnection(error)) throw error
      const connection = open()
      return attempt(connection).finally(() => connection.destroy())
    }
  }
  return { send, open, close: () => pool.destroy() }
}

/** A token must never follow a redirect to another host. */
const inside = (origin: string, location: string | string[] | undefined): string | undefined => {
  if (typeof location !== 'string' || !URL.canParse(location, origin)) return undefined
  const url = new URL(location, origin)
  return url.origin === origin ? url.pathname + url.search : undefined
}

const parsed = (text: string): unknown => {
  try {
    return text === '' ? undefined : JSON.parse(text)
  } catch {
    return undefined
  }
}
