import type { Redis } from 'ioredis'
import type { GrantEntry } from '../../schemas/http.ts'
import type { Marks } from '../pipeline/decide.ts'
import { grantEntries } from './grant-entries.ts'
import { type Loaded, loadCredentials, scanSet } from './load-credentials.ts'
import { redisTimeMs } from './redis.ts'

export type FindParts = { redis: Redis; prefix: string; marks(): Promise<Marks> }
export type FoundGrant = { entry: GrantEntry; loaded: Loaded }

const page = 1_000
const mostSearched = 1_000_000
const wholeId = 32

/**
 * The state knows credentials; a grant's id is computed from each. The living are searched first. A whole id is found once; the
 * beginning of one finds up to two: more than one is ambiguous.
 */
export const findGrants = async (parts: FindParts, tenants: string[], id: string): Promise<FoundGrant[]> => {
  const { redis, prefix } = parts
  const [now, marks] = await Promise.all([redisTimeMs(redis), parts.marks()])
  const found = new Map<string, FoundGrant>()
  const enough = () => found.size >= (id.length >= wholeId ? 1 : 2)
  const among = async (cids: string[]) => {
    for (const loaded of await loadCredentials(redis, prefix, cids))
      for (const entry of grantEntries(loaded, now, marks, grant => tenants.includes(grant.session.tenant)))
        if (entry.grant.startsWith(id)) found.set(entry.grant, { entry, loaded })
  }
  for (let start = 0; start < mostSearched && !enough(); start += page) {
    const cids = await redis.zrange(`${prefix}:at:hard`, String(start), String(start + page - 1))
    await among(cids)
    if (cids.length < page) break
  }
  if (enough()) return [...found.values()]
  const { members } = await scanSet(redis, `${prefix}:credentials`, mostSearched)
  for (let start = 0; start < members.length && !enough(); start += page)
    await among(members.slice(start, start + page))
  return [...found.values()]
}
