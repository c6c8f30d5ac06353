import type { Force } from '../../schemas/force.ts'
import { type CredentialKind, credentialKind } from '../../schemas/grant.ts'
import type { Receipt } from '../../schemas/receipt.ts'
import { stampedNumber, stampedText } from './merges.ts'

/** What the facts add up to, read for one decision. Times are epoch ms. `inferred`: a mapped webhook's word, and nobody's own. */
export type EndView = { at: number; cause: string; reason: string; inferred?: true }
export type SessionView = {
  sid: string
  tenant: string
  session: string
  agent?: string | undefined
  firstAt: number
  startedAt?: number | undefined
  /** Set always: from the start, or from the first grant while no start is known. */
  maxLifeAt?: number | undefined
  activityAt?: number | undefined
  idleMs?: number | undefined
  /** The earlier of an explicit end and an inferred one. */
  ended?: EndView | undefined
  /** Both, where both were said. */
  ends: EndView[]
  tasks: Map<string, EndView[]>
  /** Who forced its end, or a task's. */
  forced?: Force | undefined
  forcedTasks?: ReadonlyMap<string, Force>
  /** `key=value`. */
  labels?: string[]
}
export type GrantView = {
  sid: string
  at: number
  graceUntil: number
  tasks: string[]
  session: SessionView
  /** `key=value`: its own, without its session's. */
  labels?: string[]
}
export type CredentialView = {
  cid: string
  store: string
  kind: CredentialKind
  handle: string
  target?: string | undefined
  expiresAt?: number | undefined
  fixedExpiresAt?: number | undefined
  leakedValueAt?: number | undefined
  leakedPrintAt?: number | undefined
  forced?: (EndView & Force) | undefined
  /** The credential that this keeper's secret holds. */
  inside?: string | undefined
  /** The refresh token that took this one's place. */
  replacedBy?: string | undefined
  /** Sealed values, opened only by a store that must be shown what it ends. */
  sealed: string[]
  sealedIds: string[]
  valueSealed: boolean
  seenAt?: number | undefined
  /** Who was told that it is alive, where that matters. */
  witnesses: string[]
  epoch: number
  relapsedAt?: number | undefined
  /** When the death of the current epoch is looked at once more. */
  recheckAt?: number | undefined
  /** Of the current epoch; set: there is nothing left to do. */
  receipt?: Receipt | undefined
  grants: GrantView[]
  /** The registered secrets that it is a version of. */
  held: HeldView[]
}
export type HeldView = {
  secret: string
  tenant: string
  at: number
  keeperVersion?: string | undefined
  /** A newer version took its place, or it never took one: due at `at`. */
  superseded?: { at: number; cause: 'rotated' | 'rolled_back' } | undefined
}

type Hash = ReadonlyMap<string, string>
const number = (hash: Hash, field: string) => {
  const value = hash.get(field)
  return value === undefined ? undefined : stampedNumber(value)
}
const text = (hash: Hash, field: string) => {
  const value = hash.get(field)
  return value === undefined ? undefined : stampedText(value)
}
const end = (value: string | undefined): EndView | undefined => {
  if (value === undefined) return undefined
  const [cause = '', ...reason] = stampedText(value).split('|')
  return { at: stampedNumber(value), cause, reason: reason.join('|') }
}

const forceOf = (value: string | undefined): Force | undefined =>
  value === undefined ? undefined : (JSON.parse(stampedText(value)) as Force)
const labelsOf = (hash: Hash, prefix: string): string[] =>
  [...hash.keys()]
    .filter(field => field.startsWith(prefix))
    .map(field => field.slice(prefix.length))
    .sort()

const inferredEnd = (value: string | undefined): EndView | undefined => {
  const ended = end(value)
  return ended && { ...ended, inferred: true }
}
const both = (...ends: (EndView | undefined)[]) => ends.filter(one => one !== undefined)

export const sessionView = (sid: string, hash: Hash): SessionView => {
  const [tenant, session] = JSON.parse(text(hash, 'id') ?? '["",""]') as [string, string]
  const startedAt = number(hash, 'started')
  const tasks = new Map<string, EndView[]>()
  const forcedTasks = new Map<string, Force>()
  for (const field of hash.keys()) {
    const byForce = field.startsWith('f:') ? forceOf(hash.get(field)) : undefined
    if (byForce) forcedTasks.set(field.slice(2), byForce)
    if (!/^[it]:/.test(field)) continue
    const task = field.slice(2)
    tasks.set(task, both(end(hash.get(`t:${task}`)), inferredEnd(hash.get(`i:${task}`))))
  }
  const ends = both(end(hash.get('ended')), inferredEnd(hash.get('inferredEnd')))
  return {
    sid,
    tenant,
    session,
    agent: text(hash, 'agent'),
    firstAt: number(hash, 'first') ?? 0,
    startedAt,
    maxLifeAt: number(hash, startedAt === undefined ? 'maxLifeUnannounced' : 'maxLifeAt'),
    activityAt: number(hash, 'activity'),
    idleMs: number(hash, 'idleMs'),
    ended: ends.toSorted((a, b) => a.at - b.at)[0],
    ends,
    tasks,
    forced: forceOf(hash.get('forced')),
    forcedTasks,
    labels: labelsOf(hash, 'l:'),
  }
}

/** Undefined: no grant of this credential is known (yet): a leak or a renewal may come first. */
export const credentialView = (
  cid: string,
  hash: Hash,
  sessions: ReadonlyMap<string, Hash>,
  sealed: Hash = new Map(),
): CredentialView | undefined => {
  const kind = credentialKind.safeParse(text(hash, 'kind'))
  if (!kind.success) return undefined
  const epochStamp = hash.get('epoch')
  const epoch = epochStamp === undefined ? 0 : stampedNumber(epochStamp)
  const outcome = hash.get(`o:${epoch}`)
  const forced = forceOf(hash.get('forced'))
  return {
    cid,
    store: text(hash, 'store') ?? '',
    kind: kind.data,
    handle: text(hash, 'handle') ?? '',
    target: text(hash, 'target'),
    expiresAt: number(hash, 'expiry'),
    fixedExpiresAt: number(hash, 'fixedExpiry'),
    leakedValueAt: number(hash, 'leakedValue'),
    leakedPrintAt: number(hash, 'leakedPrint'),
    forced: forced && { ...forced, at: number(hash, 'forced') ?? 0, cause: 'forced' },
    inside: text(hash, 'inside'),
    replacedBy: text(hash, 'replacedBy'),
    sealed: [...sealed.values()],
    sealedIds: [...sealed.keys()],
    valueSealed: hash.has('valueSealed'),
    seenAt: number(hash, 'seen'),
    witnesses: [...hash.keys()].filter(field => field.startsWith('w:')).map(field => field.slice(2)),
    epoch,
    relapsedAt: epochStamp === undefined ? undefined : Number(stampedText(epochStamp)),
    recheckAt: number(hash, `r:${epoch}`),
    // `<rank><13 digits>|<8 hex>|<json>`
    receipt: outcome === undefined ? undefined : (JSON.parse(outcome.slice(24)) as Receipt),
    grants: grantViews(hash, sessions),
    held: heldViews(hash),
  }
}

const heldViews = (hash: Hash): HeldView[] =>
  [...hash].flatMap(([field, value]) => {
    if (!field.startsWith('h:')) return []
    const secret = field.slice(2)
    const keeperVersion = text(hash, `n:${secret}`)
    const superseded = end(hash.get(`x:${secret}`))
    return [
      {
        secret,
        tenant: stampedText(value),
        at: stampedNumber(value),
        ...(keeperVersion ? { keeperVersion } : {}),
        ...(superseded ? { superseded: { at: superseded.at, cause: superseded.cause as 'rotated' } } : {}),
      },
    ]
  })

const grantViews = (hash: Hash, sessions: ReadonlyMap<string, Hash>): GrantView[] => {
  const grants: GrantView[] = []
  for (const [field, value] of hash) {
    if (!field.startsWith('g:')) continue
    const sid = field.slice(2)
    const prefix = `k:${sid}:`
    const tasks = [...hash.keys()].filter(name => name.startsWith(prefix)).map(name => name.slice(prefix.length))
    grants.push({
      sid,
      at: stampedNumber(value),
      graceUntil: number(hash, `grace:${sid}`) ?? stampedNumber(value),
      tasks: tasks.sort(),
      session: sessionView(sid, sessions.get(sid) ?? new Map()),
      labels: labelsOf(hash, `l:${sid}:`),
    })
  }
  return grants.sort((a, b) => a.at - b.at || (a.sid < b.sid ? -1 : 1))
}

export const sessionIdsOf = (hash: Hash): string[] =>
  [...hash.keys()].filter(field => field.startsWith('g:')).map(field => field.slice(2))
