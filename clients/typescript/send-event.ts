import type { EventType } from '../../schemas/events.ts'

export type ClientOptions = {
  /** Origin of the API, for example `http://127.0.0.1:7440`. */
  url: string
  token: string
  /** CloudEvents `source` of what is sent. */
  source?: string
  /** How long a call is tried again while Curfew cannot make it durable. */
  retryForMs?: number
  fetch?: typeof fetch
}

/** Curfew refused it, or did not make it durable in time. `status` 0: nobody answered. */
export class CurfewRefused extends Error {
  readonly status: number
  readonly code: string
  constructor(status: number, code: string, message: string) {
    super(message)
    this.name = 'CurfewRefused'
    this.status = status
    this.code = code
  }
}

type Reply = { status: number; retryAfterMs: number; body: unknown }
const callTimeoutMs = 10_000

/** One event. Resolves when its facts are durable. Tried again with the same id: however often it arrives, it counts once. */
export const sendEvent = async (options: ClientOptions, type: EventType, data: object): Promise<void> => {
  const { source = '/curfew-client', retryForMs = 30_000 } = options
  const event = { specversion: '1.0', id: crypto.randomUUID(), source, time: new Date().toISOString(), type, data }
  const deadline = Date.now() + retryForMs
  for (let attempt = 0; ; attempt += 1) {
    const reply = await call(options, 'POST', '/v1/events', event, 'application/cloudevents+json')
    if (reply.status === 202) return
    const pauseMs = Math.max(reply.retryAfterMs, Math.random() * Math.min(5_000, 100 * 2 ** attempt))
    if (!mayRecover(reply.status) || Date.now() + pauseMs > deadline) throw refusal(reply)
    await new Promise(resolve => setTimeout(resolve, pauseMs))
  }
}

/** Nobody there, asked to wait, or an outage behind it. A 4xx says the same again. */
const mayRecover = (status: number) => status === 0 || status === 429 || status >= 500

export const getJson = async <T>(options: ClientOptions, path: string, timeoutMs = callTimeoutMs): Promise<T> => {
  const reply = await call(options, 'GET', path, undefined, undefined, timeoutMs)
  if (reply.status !== 200) throw refusal(reply)
  return reply.body as T
}

const refusal = ({ status, body }: Reply): CurfewRefused => {
  const { code, message } = (body ?? {}) as { code?: string; message?: string }
  return new CurfewRefused(status, code ?? 'unreachable', message ?? `Curfew answered ${status}`)
}

const call = async (
  { url, token, fetch: send = fetch }: ClientOptions,
  method: 'GET' | 'POST',
  path: string,
  body?: unknown,
  contentType?: string,
  timeoutMs = callTimeoutMs,
): Promise<Reply> => {
  try {
    const answer = await send(`${url.replace(/\/+$/, '')}${path}`, {
      method,
      headers: { authorization: `Bearer ${token}`, ...(contentType ? { 'content-type': contentType } : {}) },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(timeoutMs),
      redirect: 'error',
    })
    const retryAfterMs = Number(answer.headers.get('retry-after') ?? 0) * 1_000
    return { status: answer.status, retryAfterMs, body: await answer.json().catch(() => undefined) }
  } catch {
    return { status: 0, retryAfterMs: 0, body: undefined }
  }
}
