import { setTimeout as sleep } from 'node:timers/promises'
import { StackFailure } from './stack-failure.ts'

/** Repeats `attempt` until it does not throw; after the deadline the last error is what is told. */
export async function waitUntil<T>(
  what: string,
  timeoutMs: number,
  attempt: () => Promise<T>,
  pauseMs = 50,
  signal?: AbortSignal,
): Promise<T> {
  const deadlineMs = Date.now() + timeoutMs
  for (;;) {
    signal?.throwIfAborted()
    try {
      return await attempt()
    } catch (error) {
      if (Date.now() > deadlineMs) {
        throw new StackFailure(`waited ${timeoutMs} ms for ${what}: ${error instanceof Error ? error.message : error}`)
      }
    }
    await sleep(pauseMs)
  }
}
