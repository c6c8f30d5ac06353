import type { RequestListener } from 'node:http'

/** A server that can be made to take every request and answer none: silence, not a refusal. */
export const heldRequests = (handle: RequestListener) => {
  let held: (() => void)[] | undefined
  return {
    handler: ((request, response) => {
      const answer = () => void handle(request, response)
      if (held) held.push(answer)
      else answer()
    }) as RequestListener,
    hold: () => {
      held ??= []
    },
    /** Answers again, and first whoever still waits. */
    release: () => {
      const waiting = held ?? []
      held = undefined
      for (const answer of waiting) answer()
    },
  }
}
