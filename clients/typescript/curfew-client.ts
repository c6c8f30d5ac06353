import type { z } from 'zod'
import type { EventType, eventData } from '../../schemas/events.ts'
import type { SessionDetail } from '../../schemas/http.ts'
import { sealer } from './seal-values.ts'
import { type ClientOptions, getJson, sendEvent } from './send-event.ts'

type EventInput<T extends EventType> = z.input<(typeof eventData)[T]>
type Granted = EventInput<'curfew.credential.granted'>
type Inside = NonNullable<Granted['inside']>
/**
 * What is told of a credential. `values` (to recognise a leak) and `shown` (the credential itself, for a store that can end
 * only what it is shown) are sealed before they leave this process. `inside`: the credential that a keeper's secret holds.
 */
export type Grant = Omit<Granted, 'session' | 'sealed' | 'value' | 'inside'> & {
  values?: string[]
  shown?: string
  inside?: Omit<Inside, 'value'> & { shown?: string }
}

export type CurfewClient = {
  /** Resolves when the event is durable; throws CurfewRefused. */
  send<T extends EventType>(type: T, data: EventInput<T>): Promise<void>
  grant(session: string, grant: Grant): Promise<void>
  /** Waits until the session is ended and each of its credentials has an outcome, or until the timeout (60 s at most). */
  closed(session: string, timeoutMs?: number): Promise<SessionDetail>
}

export const curfewClient = (options: ClientOptions): CurfewClient => {
  const seal = sealer(options)
  const sealOne = async (shown: string | undefined) => {
    const [value] = shown === undefined ? [] : await seal([shown])
    return value === undefined ? {} : { value }
  }
  const sealInside = async ({ shown, ...named }: NonNullable<Grant['inside']>) => ({
    ...named,
    ...(await sealOne(shown)),
  })
  const send: CurfewClient['send'] = (type, data) => sendEvent(options, type, data)
  return {
    send,
    grant: async (session, { values = [], shown, inside, ...grant }) => {
      const sealed = await seal(values)
      await send('curfew.credential.granted', {
        ...grant,
        session,
        ...(sealed.length === 0 ? {} : { sealed }),
        ...(await sealOne(shown)),
        ...(inside === undefined ? {} : { inside: await sealInside(inside) }),
      })
    },
    closed: (session, timeoutMs = 30_000) =>
      getJson(
        options,
        `/v1/sessions/${encodeURIComponent(session)}?wait=closed&timeoutMs=${timeoutMs}`,
        timeoutMs + 10_000,
      ),
  }
}
