import type { Delivery } from '../../schemas/signals.ts'
import { type Attempt, deliver, pause } from './deliver.ts'
import type { SecretTenants } from './for-tenant.ts'
import type { TellSignal } from './observe-signal.ts'
import type { ToldEvent } from './told-event.ts'

/** One receiver of outcome events. */
export type Signal = {
  id: string
  chunk: number
  handle(events: ToldEvent[], signal: AbortSignal): Promise<void>
  tell: TellSignal
  close(): Promise<void>
}
export type SignalParts = {
  secrets: SecretTenants
  now(): number
  /** Durable, or it throws. */
  deadLetter(signal: string, event: ToldEvent): Promise<void>
}
/** One message to the receiver; `attempt` is made anew each time. */
export type Message = { attempt(signal: AbortSignal): Promise<Attempt> }

type PushParts = SignalParts & { id: string; delivery: Delivery; tell: TellSignal }

/** What pushing has in common: each message of an event is sent until it is taken, the events of a chunk side by side. */
export const pushing = (parts: PushParts, messagesOf: (event: ToldEvent) => Message[] | Promise<Message[]>) => {
  const since = parts.delivery.since === undefined ? 0 : Date.parse(parts.delivery.since)
  let gone = false
  const pushOne = async (event: ToldEvent, signal: AbortSignal): Promise<void> => {
    const messages = event.at < since ? [] : await messagesOf(event)
    if (messages.length === 0) parts.tell({ event: 'not_meant' })
    for (const { attempt } of messages) {
      // Held until the next start, uncommitted: whoever says 410 by mistake has lost nothing.
      if (gone) return aborted(signal)
      const outcome = await deliver({
        attempt,
        giveUpAt: event.at + parts.delivery.giveUpAfterMs,
        signal,
        now: parts.now,
        onFailure: code => parts.tell({ event: 'failed', code }),
      })
      if (outcome === 'aborted') return
      if (outcome === 'given_up') await untilDone(() => parts.deadLetter(parts.id, event), signal)
      if (outcome === 'gone' && gone) return aborted(signal)
      gone ||= outcome === 'gone'
      parts.tell(outcome === 'given_up' ? { event: outcome, id: event.id } : { event: outcome })
      if (outcome === 'gone') return aborted(signal)
    }
  }
  return async (events: ToldEvent[], signal: AbortSignal): Promise<void> => {
    await Promise.all(events.map(event => pushOne(event, signal)))
  }
}

const aborted = async (signal: AbortSignal): Promise<void> => {
  while (!signal.aborted) await pause(60_000, signal)
}

/** Of things inside that will work again. */
export const untilDone = async (act: () => Promise<void>, signal: AbortSignal): Promise<void> => {
  while (!signal.aborted) {
    try {
      return await act()
    } catch {
      await pause(1_000, signal)
    }
  }
}
