import { createHash } from 'node:crypto'
import type { FactOf } from '../../schemas/facts.ts'
import type { Force } from '../../schemas/force.ts'
import type { Labels } from '../../schemas/primitives.ts'
import { type Receipt, receipt as receiptSchema } from '../../schemas/receipt.ts'
import type { FactEntry } from './fact-key.ts'
import { secretMerges } from './fold-secret.ts'
import { credentialHash, type Merge, sealedHash, sessionCredentials, sessionHash, stamp } from './merges.ts'

/** The fold of one fact: what it adds to the state. Pure, and needs no config. `offset`: its place in its partition. */
export const mergesOf = (fact: FactEntry, offset = 0): Merge[] => {
  switch (fact.kind) {
    case 'rotation.requested':
    case 'rotation.locked':
    case 'rotation.step':
    case 'rotation.ended':
    case 'version.held':
    case 'version.superseded':
      return secretMerges(fact, offset)
    case 'meta':
      return []
    case 'group':
      return [['add', 'groups', fact.group]]
    case 'session.started':
      return [...startMerges(fact, fact), ['touchSession', fact.sid]]
    case 'session.active':
      return [
        ['max', sessionHash(fact.sid), 'activity', stamp(fact.at)],
        ['touchSession', fact.sid],
      ]
    case 'session.ended':
      return [
        ['min', sessionHash(fact.sid), fact.inferred ? 'inferredEnd' : 'ended', stamp(fact.at, endText(fact))],
        ...forcedEnd(fact, 'forced'),
        ['touchSession', fact.sid],
      ]
    case 'task.ended':
      return [
        ['min', sessionHash(fact.sid), `${fact.inferred ? 'i' : 't'}:${fact.task}`, stamp(fact.at, endText(fact))],
        ...forcedEnd(fact, `f:${fact.task}`),
        ['touchSession', fact.sid],
      ]
    case 'granted':
      return grantMerges(fact)
    case 'leaked': {
      const field = fact.withValue ? 'leakedValue' : 'leakedPrint'
      return [['leak', fact.fingerprint, field, stamp(fact.at, fact.source ?? '')]]
    }
    case 'renewed':
      return [['max', credentialHash(fact.cid), 'expiry', stamp(fact.expiresAt)], ...touch(fact)]
    case 'forced':
      return [['min', credentialHash(fact.cid), 'forced', forceStamp(fact)], ...touch(fact)]
    case 'seen':
      return [
        ['min', credentialHash(fact.cid), 'seen', stamp(fact.at)],
        ...(fact.witness === undefined
          ? []
          : ([['min', credentialHash(fact.cid), `w:${fact.witness}`, stamp(fact.at)]] as Merge[])),
        ...touch(fact),
      ]
    case 'sealed':
      return [['put', sealedHash(fact.cid), fact.id, fact.blob], ...touch(fact)]
    case 'shred':
      return [['drop', sealedHash(fact.cid), fact.id], ...touch(fact)]
    case 'outcome':
      return outcomeMerges(fact)
    case 'relapsed':
      return [['max', credentialHash(fact.cid), 'epoch', stamp(fact.epoch, String(fact.at))], ...touch(fact)]
  }
}

const touch = (fact: { cid: string }): Merge[] => [['touch', fact.cid]]
const endText = (fact: { cause: string; reason?: string | undefined }) => `${fact.cause}|${fact.reason ?? ''}`

/** One field for who, why and by which plan: parts of two facts must never be read as one. */
const forceStamp = (fact: { at: number } & Force): string => {
  const { by, reason, plan, approvedBy, breakGlass } = fact
  return stamp(fact.at, JSON.stringify({ by, reason, plan, approvedBy, breakGlass } satisfies Force))
}
const forcedEnd = (fact: FactOf<'session.ended'> | FactOf<'task.ended'>, field: string): Merge[] =>
  fact.cause === 'forced'
    ? [['min', sessionHash(fact.sid), field, forceStamp({ ...fact, reason: fact.reason ?? '' })]]
    : []

/** Each pair is kept: a second start cannot hide what the first one said. */
const labelMerges = (key: string, prefix: string, labels: Labels = {}): Merge[] =>
  Object.entries(labels).map(([name, value]) => ['min', key, `${prefix}${name}=${value}`, stamp(0)])

const identityMerges = (fact: FactOf<'session.started'> | FactOf<'granted'>): Merge[] => [
  ['min', sessionHash(fact.sid), 'id', stamp(0, JSON.stringify([fact.tenant, fact.session]))],
  ['min', sessionHash(fact.sid), 'first', stamp(fact.at)],
  ['add', 'sessions', fact.sid],
]

const startMerges = (
  fact: FactOf<'session.started'> | FactOf<'granted'>,
  start: { maxLifeMs: number; idleMs?: number | undefined; agent?: string | undefined; labels?: Labels | undefined },
): Merge[] => {
  const key = sessionHash(fact.sid)
  const merges: Merge[] = [
    ...identityMerges(fact),
    ['min', key, 'started', stamp(fact.at)],
    ['min', key, 'maxLifeAt', stamp(fact.at + start.maxLifeMs)],
    ['max', key, 'activity', stamp(fact.at)],
    ...labelMerges(key, 'l:', start.labels),
  ]
  if (start.idleMs !== undefined) merges.push(['min', key, 'idleMs', stamp(start.idleMs)])
  if (start.agent !== undefined) merges.push(['min', key, 'agent', stamp(0, start.agent)])
  return merges
}

const grantMerges = (fact: FactOf<'granted'>): Merge[] => {
  const key = credentialHash(fact.cid)
  const merges: Merge[] = [
    ...(fact.start ? startMerges(fact, fact.start) : identityMerges(fact)),
    ['min', sessionHash(fact.sid), 'maxLifeUnannounced', stamp(fact.at + fact.maxLifeMs)],
    ['add', sessionCredentials(fact.sid), fact.cid],
    ['add', 'credentials', fact.cid],
    ['min', key, 'store', stamp(0, fact.store)],
    ['min', key, 'kind', stamp(0, fact.credentialKind)],
    ['min', key, 'handle', stamp(0, fact.handle)],
    ['min', key, `g:${fact.sid}`, stamp(fact.at)],
    ['min', key, `grace:${fact.sid}`, stamp(fact.graceUntil)],
    ...labelMerges(key, `l:${fact.sid}:`, fact.labels),
  ]
  if (fact.inside !== undefined) merges.push(['min', key, 'inside', stamp(0, fact.inside)])
  if (fact.valueSealed) merges.push(['min', key, 'valueSealed', stamp(0)])
  if (fact.replaces !== undefined) merges.push(['min', credentialHash(fact.replaces), 'replacedBy', stamp(0, fact.cid)])
  if (fact.target !== undefined) merges.push(['min', key, 'target', stamp(0, fact.target)])
  if (fact.task !== undefined) merges.push(['min', key, `k:${fact.sid}:${fact.task}`, stamp(0)])
  // A final expiry can only move earlier, a renewable one only later.
  if (fact.expiresAt !== undefined)
    merges.push(
      fact.renewable
        ? ['max', key, 'expiry', stamp(fact.expiresAt)]
        : ['min', key, 'fixedExpiry', stamp(fact.expiresAt)],
    )
  for (const fp of fact.fingerprints) merges.push(['join', fp, fact.cid])
  return [...merges, ['touch', fact.cid], ['touchSession', fact.sid]]
}

/** `verified` beats the others; among equals the smallest (settled time, value hash) wins. */
export const outcomeRank = (receipt: Receipt) => {
  // In the schema's key order: one receipt has one form, whoever wrote it.
  const value = JSON.stringify(receiptSchema.parse(receipt))
  const digest = createHash('sha256').update(value).digest('hex').slice(0, 8)
  return `${receipt.outcome === 'verified' ? 0 : 1}${stamp(receipt.settledAt, digest)}|${value}`
}

const outcomeMerges = (fact: FactOf<'outcome'>): Merge[] => [
  ...(fact.receipt.recheckAt === undefined
    ? []
    : ([['min', credentialHash(fact.cid), `r:${fact.receipt.epoch}`, stamp(fact.receipt.recheckAt)]] as Merge[])),
  ['min', credentialHash(fact.cid), `o:${fact.receipt.epoch}`, outcomeRank(fact.receipt)],
  ['add', 'receipts', `${fact.cid}~${fact.receipt.epoch}`],
  ...touch(fact),
]
