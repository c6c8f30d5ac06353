import { createRequire } from 'node:module'

let stopped = false
type RequestQueue = { pending: unknown[]; scheduleCheckPendingRequests(): void }

/**
 * kafkajs 2.2.4 looks for requests that wait to be sent, on every connection and also where none waits, in a timer of a negative
 * delay, which is a loop of 1 ms (kafkajs#1704, #1751; its mending, #1667 and #1703, was never merged). Where none waits there is nothing to
 * look for: a request that has to wait sets the timer itself when it is pushed.
 */
export const stopIdleTimers = (): void => {
  if (stopped) return
  stopped = true
  const require = createRequire(import.meta.url)
  const { prototype } = require('kafkajs/src/network/requestQueue') as { prototype: RequestQueue }
  const { scheduleCheckPendingRequests } = prototype
  prototype.scheduleCheckPendingRequests = function (this: RequestQueue) {
    if (this.pending.length > 0) scheduleCheckPendingRequests.call(this)
  }
}
