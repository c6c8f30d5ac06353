import type { LeakMatch } from '../../schemas/leaks.ts'
import { grantEntries } from './grant-entries.ts'
import { loadCredentials } from './load-credentials.ts'
import type { ReadModelParts } from './read-model.ts'
import { redisTimeMs } from './redis.ts'

/** The grants of these tenants that have one of the fingerprints now. Throws while Redis is away. */
export const leakMatches = async (
  parts: Pick<ReadModelParts, 'redis' | 'prefix' | 'marks'>,
  { tenants, fingerprints }: { tenants: string[]; fingerprints: string[] },
): Promise<LeakMatch> => {
  const { redis, prefix } = parts
  const cids = await credentialsOf(parts, fingerprints)
  const [now, marks] = await Promise.all([redisTimeMs(redis), parts.marks()])
  const loaded = await loadCredentials(redis, prefix, cids)
  const grants = loaded.flatMap(one => grantEntries(one, now, marks, grant => tenants.includes(grant.session.tenant)))
  const dead = grants.filter(grant => grant.state === 'settled').length
  return { alive: grants.length - dead, dead }
}

/** Whoever's they are. */
export const credentialsOf = async (
  { redis, prefix }: Pick<ReadModelParts, 'redis' | 'prefix'>,
  fingerprints: string[],
): Promise<string[]> => {
  const pipeline = redis.pipeline()
  for (const fingerprint of fingerprints) pipeline.smembers(`${prefix}:fc:${fingerprint}`)
  const found = ((await pipeline.exec()) ?? []).flatMap(([error, members]) => {
    if (error) throw error
    return members as string[]
  })
  return [...new Set(found)]
}
