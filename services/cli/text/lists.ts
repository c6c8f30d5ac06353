import type { GrantEntry, SessionEntry } from '../../../schemas/http.ts'
import type { Receipt } from '../../../schemas/receipt.ts'
import { clock, duration, fromNow, moment } from './duration.ts'
import { wrap } from './plain.ts'
import { table } from './table.ts'

export const sessionsText = (sessions: SessionEntry[], now: number): string =>
  sessions.length === 0
    ? 'No sessions. Send the first event: POST /v1/events, or the topic task-lifecycle.'
    : table<SessionEntry>(sessions, [
        { title: 'STATE', of: one => (one.closed ? 'closed' : one.endedAt === undefined ? 'open' : 'ending') },
        { title: 'GRANTS', right: true, of: one => String(one.grants) },
        { title: 'SETTLED', right: true, of: one => String(one.settled) },
        { title: 'SEEN', of: one => fromNow(one.firstSeenAt, now) },
        { title: 'AGENT', most: 16, of: one => one.agent ?? '-' },
        { title: 'SESSION', of: one => one.session },
      ])

export const grantsText = (grants: GrantEntry[], now: number, none: string): string => {
  if (grants.length === 0) return none
  const listed = table<GrantEntry>(grants, [
    { title: 'GRANT', of: one => one.grant },
    { title: 'STATE', of: one => (one.state === 'settled' ? (one.receipt?.outcome ?? one.state) : one.state) },
    { title: 'DUE', of: one => (one.dueAt === undefined ? '-' : fromNow(one.dueAt, now)) },
    { title: 'KIND', most: 14, of: one => one.kind },
    { title: 'SESSION', of: one => one.session },
  ])
  const why = grants.flatMap(one => whyText(one, now))
  return [listed, ...new Set(why)].join('\n')
}

const whyText = ({ grant, blocked, heldSince, refusedSince }: GrantEntry, now: number): string[] => {
  const say = (text: string) => [wrap(`${grant.slice(0, 8)}: ${text}`)]
  if (blocked) return say(`${blocked.code} for ${duration(now - blocked.since)}: ${blocked.detail}`)
  if (heldSince !== undefined) return say(`held for ${duration(now - heldSince)}: inferred kills are over the cap`)
  if (refusedSince === undefined) return []
  return say(`refused for ${duration(now - refusedSince)}; its proof waits for the store's window or for Kafka`)
}

export const receiptsText = (receipts: Receipt[]): string => {
  if (receipts.length === 0) return 'No receipts.'
  const more = receipts.flatMap(one => [...(one.exposure ?? []).map(open => `outlived by ${open}`), ...reasonOf(one)])
  return [receiptTable(receipts), ...[...new Set(more)].map(line => wrap(line))].join('\n')
}

/** The same words of many receipts are said once. */
const reasonOf = ({ outcome, reason, exposedUntil }: Receipt): string[] => {
  if (reason === undefined) return []
  return [`${outcome}: ${reason}${exposedUntil === undefined ? '' : `; exposed until ${moment(exposedUntil)}`}`]
}

const receiptTable = (receipts: Receipt[]): string =>
  table<Receipt>(receipts, [
    { title: 'SETTLED UTC', of: one => clock(one.settledAt) },
    { title: 'OUTCOME', of: one => one.outcome },
    {
      title: 'LAG',
      right: true,
      of: one => (one.deadSince === undefined ? '-' : duration(one.deadSince - one.dueAt)),
    },
    { title: 'CAUSE', most: 13, of: one => one.cause },
    { title: 'KIND', most: 14, of: one => one.kind },
    { title: 'PROOF', of: one => one.evidence ?? '-' },
    { title: 'RECEIPT', of: one => one.receipt.slice(0, 8) },
    { title: 'SESSION', of: one => one.grants.map(grant => grant.session).join(',') },
  ])
