import type { GrantList, ReceiptList, SessionList } from '../../../schemas/http.ts'
import { callApi } from '../call-api.ts'
import { exitCodes } from '../exit-codes.ts'
import type { Io } from '../io.ts'
import { grantsText, receiptsText, sessionsText } from '../text/lists.ts'

type ListOptions = { json?: boolean; limit: string }
const more = (complete: boolean) => (complete ? [] : ['There is more: --limit shows it.'])
export const query = (values: Record<string, string | undefined>) => {
  const given = Object.entries(values).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]]))
  return new URLSearchParams(given as [string, string][]).toString()
}

export const sessionsCommand = async (io: Io, options: ListOptions): Promise<number> => {
  const list = await callApi(io)<SessionList>('GET', `/v1/sessions?${query({ limit: options.limit })}`)
  if (options.json) io.out(JSON.stringify(list, undefined, 2))
  else io.out([sessionsText(list.sessions, io.now()), ...more(list.complete)].join('\n'))
  return exitCodes.done
}

/** With --alive-past-due the exit code answers the question: 1 where there are any. */
export const grantsCommand = async (
  io: Io,
  options: ListOptions & { alivePastDue?: boolean; session?: string },
): Promise<number> => {
  const { alivePastDue, session, limit } = options
  const asked = query({ limit, session, alivePastDue: alivePastDue ? 'true' : undefined })
  const list = await callApi(io)<GrantList>('GET', `/v1/grants?${asked}`)
  const none = alivePastDue ? 'Nothing is alive past due.' : 'No grants without an outcome.'
  if (options.json) io.out(JSON.stringify(list, undefined, 2))
  else io.out([grantsText(list.grants, io.now(), none), ...more(list.complete)].join('\n'))
  return alivePastDue && list.grants.length > 0 ? exitCodes.notWell : exitCodes.done
}

const duty =
  (path: string, none: string, next: string) =>
  async (io: Io, options: ListOptions): Promise<number> => {
    const list = await callApi(io)<GrantList>('GET', `${path}?${query({ limit: options.limit })}`)
    const some = list.grants.length > 0
    if (options.json) io.out(JSON.stringify(list, undefined, 2))
    else io.out([grantsText(list.grants, io.now(), none), ...more(list.complete), ...(some ? [next] : [])].join('\n'))
    return some ? exitCodes.notWell : exitCodes.done
  }

export const heldCommand = duty(
  '/v1/held',
  'Nothing is held.',
  'next: curfew revoke --held --reason "why"   plans to let them die',
)
export const blockedCommand = duty(
  '/v1/blocked',
  'Nothing is blocked.',
  'next: curfew status   says which store, and since when',
)

export const receiptsCommand = async (
  io: Io,
  options: ListOptions & { session?: string; sinceMinutes?: string; plan?: string },
): Promise<number> => {
  const { session, limit, sinceMinutes, plan } = options
  const since = sinceMinutes === undefined ? undefined : String(Math.round(io.now() - Number(sinceMinutes) * 60_000))
  const list = await callApi(io)<ReceiptList>('GET', `/v1/receipts?${query({ limit, session, since, plan })}`)
  if (options.json) io.out(JSON.stringify(list, undefined, 2))
  else io.out([receiptsText(list.receipts), ...more(list.complete)].join('\n'))
  return exitCodes.done
}
