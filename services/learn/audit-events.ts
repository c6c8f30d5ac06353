import { RejectedEvent } from '../pipeline/errors.ts'
import type { Learned, LearnedAt } from './learned.ts'

/** An event as an issuer would send it, checked by the same code. `at`: epoch ms. */
export type LearnedEvent = {
  raw: { headers: Record<string, string>; body: Buffer; attributePrefix: 'ce_' }
  at: number
}

/** The store's time, never later than ours: reading a record again states the same facts. */
export const learnedEvent = (rules: LearnedAt, learned: Learned, now: number): LearnedEvent => {
  const at = Math.min(learned.at ?? now, now)
  const { store, sessionStart } = rules
  const ends = (lifeMs: number) => new Date(at + lifeMs + rules.lateMs).toISOString()
  if (learned.says === 'renewed')
    return event(rules, learned.id, 'renewed', { store, handle: learned.handle, expiresAt: ends(learned.lifeMs) }, at)
  const { kind, handle, session, task, target, fingerprints, lifeMs, renewable } = learned
  const expiry = lifeMs === undefined ? {} : { expiresAt: ends(lifeMs) }
  const data = { session, task, store, kind, handle, target, fingerprints, ...expiry, renewable, sessionStart }
  return event(rules, learned.id, 'granted', data, at)
}

const event = ({ store }: LearnedAt, id: string, what: string, data: object, at: number): LearnedEvent => {
  const attributes = { specversion: '1.0', id, source: `/curfew/learned/${store}` }
  const body = Buffer.from(JSON.stringify({ ...attributes, type: `curfew.credential.${what}`, data }))
  return { raw: { headers: { 'content-type': 'application/cloudevents+json' }, body, attributePrefix: 'ce_' }, at }
}

const longestRecord = 4 * 1024 * 1024

/** A message of an audit topic: the record, or a log shipper's envelope around its line. */
export const recordOfMessage = (body: Buffer | null): unknown => {
  if (body === null || body.length === 0) throw new RejectedEvent('empty', 'the audit record has no body')
  if (body.length > longestRecord) throw new RejectedEvent('too_large', 'the audit record is too large')
  const outer = parsed(body.toString('utf8')) as { type?: unknown; message?: unknown; log?: unknown } | null
  const inner = outer?.type === undefined ? (outer?.message ?? outer?.log) : undefined
  return typeof inner === 'string' ? parsed(inner) : outer
}

const parsed = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    throw new RejectedEvent('not_json', 'the audit record is not JSON')
  }
}
