import type { GrantEntry, GrantList, ReceiptList, SessionDetail, SessionList } from '../../schemas/http.ts'
import type { Lag, LagWindow } from '../../schemas/http-lag.ts'
import type { Expiries } from '../../schemas/http-page.ts'
import type { StateStatus } from '../../schemas/status.ts'
import type { GrantView } from '../pipeline/view.ts'
import { findGrants } from './find-grants.ts'
import { grantEntries } from './grant-entries.ts'
import { lagAnswer } from './lag-answer.ts'
import type { LagHistory } from './lag-history.ts'
import { loadCredentials } from './load-credentials.ts'
import { pastDueCandidates } from './past-due.ts'
import { readExpiries } from './read-expiries.ts'
import { findSession, listSessions } from './read-sessions.ts'
import { readStatus, type StatusParts } from './read-status.ts'
import type { RecentReceipts } from './recent-receipts.ts'
import { redisTimeMs } from './redis.ts'
import { storesOfCredentials } from './stores-of-credentials.ts'

export type ReadModelParts = Omit<StatusParts, 'storesOf'> & { recent: RecentReceipts; lags: LagHistory }
export type GrantQuery = { tenants: string[]; alivePastDue: boolean; limit: number }
export type ReceiptQuery = { tenants: string[]; since: number; limit: number; plan?: string | undefined }

/** What people and orchestrators may see. Throws while Redis is away: nothing stale is shown as if it were now. */
export type ReadModel = {
  sessions(query: { tenants: string[]; limit: number }): Promise<SessionList>
  session(tenants: string[], name: string): Promise<SessionDetail | undefined>
  /** Grants without an outcome, the next to die first. */
  grants(query: GrantQuery): Promise<GrantList>
  grant(tenants: string[], id: string): Promise<GrantEntry | undefined>
  /** Newest first. */
  receipts(query: ReceiptQuery): Promise<ReceiptList>
  status(): Promise<StateStatus>
  /** How long they lived past due, over a window. */
  lag(query: { tenants: string[]; window: LagWindow }): Lag
  expiries(): Promise<Expiries>
}

export const readModel = (parts: ReadModelParts): ReadModel => {
  const { redis, prefix, recent, lags, boundMs } = parts
  const storesOf = storesOfCredentials(redis, prefix)
  return {
    sessions: query => listSessions(parts, query),
    session: (tenants, name) => findSession(parts, tenants, name),
    grants: query => listGrants(parts, query),
    grant: async (tenants, id) => (await findGrants(parts, tenants, id))[0]?.entry,
    receipts: query => Promise.resolve(recent.list(query)),
    status: () => readStatus({ ...parts, storesOf }),
    lag: query => lagAnswer(lags, { ...query, now: Date.now(), boundMs, complete: recent.isRead() }),
    expiries: () => readExpiries(redis, prefix),
  }
}

const ofTenants = (tenants: string[]) => (grant: GrantView) => tenants.includes(grant.session.tenant)

const listGrants = async (parts: ReadModelParts, query: GrantQuery): Promise<GrantList> => {
  const { redis, prefix } = parts
  const [now, marks] = await Promise.all([redisTimeMs(redis), parts.marks()])
  const candidates = query.alivePastDue
    ? await pastDueCandidates(redis, prefix, now, marks)
    : await outstanding(parts, query.limit)
  const loaded = await loadCredentials(redis, prefix, candidates.cids)
  const grants = loaded
    .flatMap(one => grantEntries(one, now, marks, ofTenants(query.tenants)))
    .filter(one => one.state !== 'settled' && !(query.alivePastDue && one.state === 'live'))
    .sort((a, b) => (a.dueAt ?? Number.POSITIVE_INFINITY) - (b.dueAt ?? Number.POSITIVE_INFINITY))
  return { grants: grants.slice(0, query.limit), complete: candidates.complete && grants.length <= query.limit }
}

/** Every credential without an outcome stands in the hard lane: its maximum life is always set. */
const outstanding = async ({ redis, prefix }: ReadModelParts, most: number) => {
  const cids = await redis.zrange(`${prefix}:at:hard`, 0, String(most))
  return { cids: cids.slice(0, most), complete: cids.length <= most }
}
