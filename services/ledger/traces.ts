import type { Redis } from 'ioredis'
import type { Fact } from '../../schemas/facts.ts'
import { credentialHash } from '../pipeline/merges.ts'
import { endSubject, type SpanOrigin, type TraceParent } from '../pipeline/tracing.ts'
import { sessionIdsOf } from '../pipeline/view.ts'
import { hashOf } from './projection.ts'

/** Which trace ended a session or a credential. Redis only, for a day: losing it costs a line of a picture. */
const key = (prefix: string, subject: string) => `${prefix}:trace:${subject}`
const lifeMs = 86_400_000
/** What is killed later than this after its cause is a story of its own, linked to the other. */
const oneStoryMs = 60_000

export const rememberTrace = async (redis: Redis, prefix: string, fact: Fact, parent: TraceParent): Promise<void> => {
  const subject = endSubject(fact)
  if (subject !== undefined) await redis.set(key(prefix, subject), `${Date.now()} ${parent}`, 'PX', lifeMs, 'NX')
}

/** Why this credential is due, as a trace. Nothing known, or Redis away: no origin. */
export const originOf = async (redis: Redis, prefix: string, cid: string): Promise<SpanOrigin> => {
  try {
    const sids = sessionIdsOf(await hashOf(redis, `${prefix}:${credentialHash(cid)}`))
    const found = await redis.mget([cid, ...sids].map(subject => key(prefix, subject)))
    const [at, parent] = found.find(one => one !== null)?.split(' ') ?? []
    if (parent === undefined) return {}
    return Date.now() - Number(at) > oneStoryMs ? { link: parent } : { parent }
  } catch {
    return {}
  }
}
