import type { Problem } from '../pipeline/errors.ts'

/** An answer of any status, or why there is none. */
export type Answer = { status: number; body: unknown; retryAfterMs?: number | undefined }
export type Reply = Answer | { problem: Problem }

export const record = (value: unknown): Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : {}

/** Vault says what is wrong in `errors`, and sometimes in `data.error` (AppRole, 404). */
export const errorText = (answer: Answer): string => {
  const body = record(answer.body)
  const errors = Array.isArray(body.errors) ? body.errors.filter(error => typeof error === 'string') : []
  const inner = record(body.data).error
  return [...errors, ...(typeof inner === 'string' ? [inner] : [])].join('; ')
}

/** Seconds or an HTTP date (RFC 9110 10.2.3). */
export const retryAfterMs = (header: string | string[] | undefined, now: number): number | undefined => {
  if (typeof header !== 'string' || header === '') return undefined
  const seconds = Number(header)
  if (Number.isFinite(seconds)) return Math.max(0, Math.round(seconds * 1_000))
  const at = Date.parse(header)
  return Number.isNaN(at) ? undefined : Math.max(0, at - now)
}
