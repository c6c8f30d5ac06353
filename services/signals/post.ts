import { readFileSync } from 'node:fs'
import { Agent } from 'undici'

export type Answer = {
  status: number
  /** What a Retry-After asks for. */
  retryAfterMs: number | undefined
  /** Where it is JSON: only for protocols that give its fields a meaning. Never logged. */
  json: unknown
}
export type Post = (headers: Record<string, string>, body: string, signal: AbortSignal) => Promise<Answer>
export type Poster = { post: Post; close(): Promise<void> }
export type PosterSettings = {
  url: string
  caFile?: string | undefined
  timeoutMs: number
  method?: 'POST' | 'PATCH' | 'GET'
}

const mostAnswerBytes = 64 * 1024

/** One receiver. No redirect is followed: what is signed for one address goes to no other. Everything ends in time. */
export const openPoster = ({ url, caFile, timeoutMs, method = 'POST' }: PosterSettings): Poster => {
  const ca = caFile === undefined ? {} : { ca: readFileSync(caFile, 'utf8') }
  const agent = new Agent({
    connect: { ...ca, timeout: timeoutMs },
    headersTimeout: timeoutMs,
    bodyTimeout: timeoutMs,
    maxResponseSize: mostAnswerBytes,
    connections: 8,
    keepAliveTimeout: 10_000,
  })
  const { origin, pathname, search } = new URL(url)
  return {
    post: async (headers, body, signal) => {
      const answer = await agent.request({
        origin,
        path: pathname + search,
        method,
        headers: { 'user-agent': 'curfew', ...headers },
        ...(method === 'GET' ? {} : { body }),
        signal: AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]),
      })
      const text = await answer.body.text()
      const { 'retry-after': retryAfter } = answer.headers
      return { status: answer.statusCode, retryAfterMs: waitOf(retryAfter), json: parsed(text) }
    },
    close: () => agent.destroy(),
  }
}

/** Seconds, or a date. */
const waitOf = (header: string | string[] | undefined): number | undefined => {
  if (typeof header !== 'string') return undefined
  const ms = /^\d{1,9}$/.test(header) ? Number(header) * 1_000 : Date.parse(header) - Date.now()
  return Number.isFinite(ms) && ms > 0 ? ms : undefined
}

const parsed = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
