import type { Problem } from '../../pipeline/errors.ts'
import { record } from '../reply.ts'
import { within } from '../within.ts'
import { problemOf } from './answers.ts'
import type { MeteredCall } from './metered-call.ts'

/** 64 hex digits: what the audit device writes in place of a value. The value goes to the Vault and nowhere else. */
export type AskHash = (value: string) => Promise<{ hex: string } | { problem: Problem }>

/** Shorter than a consumer's session: it waits for this, and must be heard meanwhile. */
const longestMs = 2_500
const restMs = 1_000
const late: Problem = { code: 'timeout', detail: 'no audit hash in time' }

/** After a failure it rests: a thousand leaks do not each wait for a Vault that is silent. */
export const auditHash = (call: MeteredCall, device: string): AskHash => {
  let resting: { until: number; problem: Problem } | undefined
  const ask: AskHash = async value => {
    const path = `sys/audit-hash/${device.split('/').map(encodeURIComponent).join('/')}`
    const purpose = { operation: 'audit-hash', group: 'probe', lane: 'leak' } as const
    const reply = await call(purpose, { method: 'POST', path, json: { input: value } })
    const { data, hash } = record('problem' in reply ? undefined : reply.body)
    const text = record(data).hash ?? hash
    const hex = typeof text === 'string' ? /^hmac-sha256:([0-9a-f]{64})$/.exec(text)?.[1] : undefined
    return hex === undefined ? { problem: problemOf(reply) } : { hex }
  }
  return async value => {
    if (resting && performance.now() < resting.until) return { problem: resting.problem }
    const answer = await within(longestMs, ask(value)).catch(() => ({ problem: late }))
    resting = 'problem' in answer ? { until: performance.now() + restMs, problem: answer.problem } : undefined
    return answer
  }
}
