/** What happens between us and one receiver. Its answers, headers and address are never told. */
export type SignalNews =
  | { event: 'taken' | 'gone' | 'not_meant' | 'refused' | 'unreadable' }
  | { event: 'failed'; code: string }
  | { event: 'given_up'; id: string }
  | { event: 'lost'; events: number }
export type TellSignal = (news: SignalNews) => void

type Parts = {
  log(entry: object): void
  counters: { add(name: string, labels: Record<string, string>, by?: number): void }
  now(): number
}

const pageAfterMs = 5 * 60_000

/** Counted, and paged once for each outage. */
export const observeSignal = (signal: string, { log, counters, now }: Parts): TellSignal => {
  let failingSince: number | undefined
  let paged = false
  const page = (msg: string, more: object = {}) => log({ msg: `PAGE ${msg}`, operation: signal, ...more })
  const failed = (code: string) => {
    if (failingSince === undefined) log({ msg: 'a receiver does not take its events', operation: signal, code })
    failingSince ??= now()
    if (paged || now() - failingSince < pageAfterMs) return
    paged = true
    page('a receiver has taken nothing for five minutes: its events wait', { code })
  }
  const taken = () => {
    if (failingSince !== undefined)
      log({ msg: 'a receiver takes its events again', operation: signal, ms: now() - failingSince })
    failingSince = undefined
    paged = false
  }
  return news => {
    counters.add('curfew_signals_total', { signal, result: news.event }, news.event === 'lost' ? news.events : 1)
    if (news.event === 'taken') taken()
    if (news.event === 'failed') failed(news.code)
    if (news.event === 'gone') page('a receiver answered 410: nothing is sent to it until the next start')
    if (news.event === 'refused') page('a receiver says that what it was sent is wrong: it will not get it again')
    if (news.event === 'unreadable') page('an outcome event cannot be read by this version: it is a dead letter')
    if (news.event === 'given_up') page('an event was too old to try again: it is a dead letter', { event: news.id })
    if (news.event === 'lost') page('events went with the retention of their topic, untaken', { facts: news.events })
  }
}
