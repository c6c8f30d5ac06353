import type { Counters, Histograms } from './counters.ts'

/** Told of every call to a store. `result`: the answer's status, or why there was none. */
export type CountCall = (store: string, operation: string, result: string, ms: number) => void

export const observeCalls =
  (counters: Pick<Counters, 'add'>, histograms: Pick<Histograms, 'observe'>): CountCall =>
  (store, operation, result, ms) => {
    counters.add('curfew_store_calls_total', { store, operation, result: resultClass(result) })
    // The budget let none out: nothing was asked.
    if (result !== 'budget') histograms.observe('curfew_store_call_seconds', { store, operation }, ms / 1_000)
  }

/** A bounded class, not a status text. */
export const resultClass = (result: string): string => {
  const status = /^[1-5]\d\d$/.test(result) ? Number(result) : undefined
  if (status === undefined) return /^[a-z_]{1,32}$/.test(result) ? result : 'other'
  if (status < 400) return 'ok'
  if (status === 401 || status === 403) return 'denied'
  if (status === 404 || status === 410) return 'absent'
  if (status === 429) return 'throttled'
  return status < 500 ? 'rejected' : 'failed'
}
