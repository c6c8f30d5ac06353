import { createHash } from 'node:crypto'
import type { Fact } from '../schemas/facts.ts'
import { type Replayed, replayRecord } from './intake/replay.ts'
import { changesOf } from './ledger/known-facts.ts'
import { readyPartitions } from './ledger/ready-partitions.ts'
import { NotNow } from './pipeline/errors.ts'
import { factRecord } from './pipeline/fact-key.ts'
import { sessionKey } from './pipeline/ids.ts'
import { sessionCredentials } from './pipeline/merges.ts'
import { type ReplaySource, recordsOf, type SourceParts } from './replay-sources.ts'
import type { Parts } from './roles.ts'

export type PlanParts = SourceParts &
  Pick<Parts, 'redis'> & { tenant: string; factsOf: Parameters<typeof replayRecord>[0]['factsOf'] }
/** What each record says now, and which of its facts change what is known. */
export type Difference = { records: (Replayed & { changes: Fact[] })[]; hash: string }

/** Reads, understands and compares; does nothing. Throws NotNow while the state is not whole: nothing could be compared. */
export const differenceOf = async (parts: PlanParts, source: ReplaySource): Promise<Difference> => {
  const { redis, config } = parts
  const { prefix } = config.redis
  if ((await readyPartitions(redis, prefix)) < config.kafka.factsPartitions)
    throw new NotNow('the state is being rebuilt, so nothing can be compared with it')
  const all: Replayed[] = []
  for (const record of await recordsOf(parts, source)) all.push(await replayRecord(parts, record))
  const kept = source.session === undefined ? all : await ofSession(parts, source.session, all)
  const changes = await changesOf(redis, prefix, kept.flatMap(factsIn))
  let next = 0
  const records = kept.map(one => ({ ...one, changes: factsIn(one).filter(() => changes[next++]) }))
  return { records, hash: hashOf(records, config.kafka.factsPartitions) }
}

const factsIn = (one: Replayed): Fact[] => (one.state === 'facts' ? one.facts : [])

/** What is refused says of no session: it is found among the dead letters. */
const ofSession = async ({ redis, config, tenant }: PlanParts, session: string, all: Replayed[]) => {
  const sid = sessionKey(tenant, session)
  const held = new Set(await redis.smembers(`${config.redis.prefix}:${sessionCredentials(sid)}`))
  for (const fact of all.flatMap(factsIn)) if (fact.kind === 'granted' && fact.sid === sid) held.add(fact.cid)
  const concerns = (fact: Fact) =>
    ('sid' in fact && fact.sid === sid) || ('cid' in fact && fact.kind !== 'granted' && held.has(fact.cid ?? ''))
  return all.filter(one => factsIn(one).some(concerns))
}

/** Of the records and of what they say: not of what is known meanwhile, so that half a replay can be gone on with. */
const hashOf = (records: Replayed[], partitions: number): string => {
  const hash = createHash('sha256')
  for (const one of records) {
    const says = one.state === 'facts' ? one.facts.map(fact => factRecord(fact, partitions).key).join(' ') : one.code
    hash.update(`${one.id} ${one.payloadSha256} ${says}\n`)
  }
  return hash.digest('hex')
}
