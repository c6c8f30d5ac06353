import type { Answer } from './post.ts'

/** How one attempt went. `gone`: the receiver wants nothing any more. `code`: ours, never the receiver's text. */
export type Attempt = 'taken' | 'gone' | { code: string; retryAfterMs?: number | undefined }
export type Delivered = 'taken' | 'gone' | 'given_up' | 'aborted'

export type DeliverParts = {
  attempt(signal: AbortSignal): Promise<Attempt>
  /** Epoch ms; after it one more attempt is the last. */
  giveUpAt: number
  signal: AbortSignal
  now(): number
  onFailure(code: string): void
  /** Resolves early when aborted. */
  wait?(ms: number, signal: AbortSignal): Promise<void>
}

const firstWaitMs = 1_000
const longestWaitMs = 60_000
const longestRetryAfterMs = 3_600_000

/** Again and again, ever more slowly, until it is taken or too old. Nothing that a receiver answers ends this process. */
export const deliver = async (parts: DeliverParts): Promise<Delivered> => {
  const { signal, now, wait = pause } = parts
  for (let attempts = 1; !signal.aborted; attempts += 1) {
    const outcome = await parts.attempt(signal).catch(failure)
    if (signal.aborted) break
    if (typeof outcome === 'string') return outcome
    parts.onFailure(outcome.code)
    if (now() >= parts.giveUpAt) return 'given_up'
    await wait(waitMs(attempts, outcome.retryAfterMs), signal)
  }
  return 'aborted'
}

const waitMs = (attempts: number, retryAfterMs = 0): number => {
  const backoff = Math.min(firstWaitMs * 2 ** (attempts - 1), longestWaitMs) * (0.5 + Math.random() / 2)
  return Math.max(backoff, Math.min(retryAfterMs, longestRetryAfterMs))
}

export const pause = (ms: number, signal: AbortSignal): Promise<void> =>
  new Promise(resolve => {
    const end = () => {
      clearTimeout(timer)
      signal.removeEventListener('abort', end)
      resolve()
    }
    const timer = setTimeout(end, ms)
    signal.addEventListener('abort', end)
    if (signal.aborted) end()
  })

/** Of what a receiver answers only the status counts. */
export const attemptOf = ({ status, retryAfterMs }: Answer): Attempt => {
  if (status >= 200 && status < 300) return 'taken'
  return status === 410 ? 'gone' : { code: `http_${status}`, retryAfterMs }
}

const failure = (error: unknown): Attempt => {
  const { name, code } = error as { name?: string; code?: string }
  if (name === 'TimeoutError') return { code: 'timeout' }
  return { code: typeof code === 'string' && /^[A-Z_]{1,40}$/.test(code) ? code.toLowerCase() : 'not_sent' }
}
