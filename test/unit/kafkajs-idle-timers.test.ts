import { createRequire } from 'node:module'
import { describe, expect, it } from 'vitest'
import { stopIdleTimers } from '../../services/ledger/kafkajs-idle-timers.ts'
import { until } from '../support/until.ts'

/** What of kafkajs's own queue is used here (2.2.4, src/network/requestQueue). */
type Queue = {
  throttleCheckTimeoutId: unknown
  checkPendingRequests(): void
  maybeThrottle(ms: number): void
  push(request: object): void
  destroy(): void
}
stopIdleTimers()
const RequestQueue = createRequire(import.meta.url)('kafkajs/src/network/requestQueue') as new (parts: object) => Queue
const openQueue = (maxInFlightRequests: number | null = null) =>
  new RequestQueue({
    maxInFlightRequests,
    requestTimeout: 1_000,
    clientId: 'test',
    broker: 'test',
    logger: { debug: () => undefined, warn: () => undefined },
  })
const request = (correlationId: number, sendRequest: () => void) => ({
  entry: { correlationId, reject: () => undefined, resolve: () => undefined },
  expectResponse: true,
  sendRequest,
})

describe('a connection of kafkajs', () => {
  it('sets no timer while no request waits', () => {
    const queue = openQueue()
    queue.checkPendingRequests()
    expect(queue.throttleCheckTimeoutId).toBeNull()
    queue.push(request(1, () => undefined))
    queue.checkPendingRequests()
    expect(queue.throttleCheckTimeoutId).toBeNull()
  })

  it('sends what waited for the end of a throttle, and then sets none again', async () => {
    const queue = openQueue()
    let sent = 0
    queue.maybeThrottle(30)
    for (const id of [1, 2]) queue.push(request(id, () => (sent += 1)))
    expect(sent).toBe(0)
    await until('both are sent', () => sent === 2, { everyMs: 5 })
    expect(queue.throttleCheckTimeoutId).toBeNull()
    queue.destroy()
  })
})
