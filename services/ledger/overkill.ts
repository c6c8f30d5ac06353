import type { Redis } from 'ioredis'
import type { Fact } from '../../schemas/facts.ts'
import { sessionCredentials } from '../pipeline/merges.ts'
import { loadCredentials } from './load-credentials.ts'

export type Overkill = { session: string; credentials: number }

/** A start that was read after its session's credentials were killed as unannounced: somebody lost what was theirs. */
export const overkills = async (parts: { redis: Redis; prefix: string }, facts: Fact[]): Promise<Overkill[]> => {
  const found: Overkill[] = []
  for (const fact of facts) {
    if (fact.kind !== 'session.started') continue
    const cids = await parts.redis.smembers(`${parts.prefix}:${sessionCredentials(fact.sid)}`)
    const loaded = await loadCredentials(parts.redis, parts.prefix, cids)
    const killed = loaded.filter(({ view }) => view.receipt?.cause === 'unannounced' && view.receipt.steppedAt)
    if (killed.length > 0) found.push({ session: fact.session, credentials: killed.length })
  }
  return found
}
