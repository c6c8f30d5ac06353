import type { Kafka } from 'kafkajs'
import { type FactEntry, partitionOf, shredOfKey } from '../pipeline/fact-key.ts'
import type { WorkNote } from '../pipeline/ports.ts'
import type { CredentialView, GrantView } from '../pipeline/view.ts'
import { type FindParts, type FoundGrant, findGrants } from './find-grants.ts'
import { connectAdmin } from './kafka.ts'
import { parseFact } from './partition.ts'
import { type Range, readRange } from './read-range.ts'

export type StoryParts = FindParts & { kafka: Kafka; topic: string; partitions: number }
/** A fact and where it lies: `<partition>@<offset>`. `appendedAt`: of a tombstone, which has no time of its own. */
export type PlacedFact = { fact: FactEntry; place: string; appendedAt: number }
export type FoundStory = Pick<FoundGrant, 'entry'> & {
  sid: string
  note?: WorkNote | undefined
  facts: PlacedFact[]
  complete: boolean
}

const mostBytes = 32 * 1024 * 1024
const timeoutMs = 10_000
/** Facts are appended a little later than they are stamped, by other clocks. */
const skewMs = 120_000

/** Everything that the facts say of a grant (nothing, incomplete, while Kafka is away): only the partitions that can have it, from its beginning on. */
export const readStory = async (
  parts: StoryParts,
  tenants: string[],
  id: string,
): Promise<FoundStory | 'ambiguous' | undefined> => {
  const [found, another] = await findGrants(parts, tenants, id)
  if (!found) return undefined
  if (another) return 'ambiguous'
  const { view, note } = found.loaded
  const grant = view.grants.find(one => one.session.session === found.entry.session)
  const facts = new Map<string, PlacedFact>()
  const complete = await readPartitions(parts, placesOf(parts, view, grant), about(view, grant), facts)
  const prints = [...facts.values()].flatMap(({ fact }) => ('fingerprints' in fact ? fact.fingerprints : []))
  const leaks = await readLeaks(parts, view, prints, facts)
  const current = note?.epoch === view.epoch ? { note } : {}
  return {
    entry: found.entry,
    sid: grant?.sid ?? '',
    ...current,
    facts: [...facts.values()],
    complete: complete && leaks,
  }
}

type Places = { partitions: Set<number>; since: number }
type Wanted = (fact: FactEntry) => boolean

const placesOf = ({ partitions }: StoryParts, view: CredentialView, grant: GrantView | undefined): Places => ({
  partitions: new Set([view.cid, ...(grant ? [grant.sid] : [])].map(subject => partitionOf(subject, partitions))),
  since: Math.min(...view.grants.flatMap(one => [one.at, one.session.firstAt]), ...view.held.map(one => one.at)),
})

const about =
  (view: CredentialView, grant: GrantView | undefined): Wanted =>
  fact =>
    ('cid' in fact && fact.cid === view.cid) || ('sid' in fact && fact.sid === grant?.sid && !('cid' in fact))

/** A leak may be older than the grant; the state says whether there is one. */
const readLeaks = (parts: StoryParts, view: CredentialView, prints: string[], into: Map<string, PlacedFact>) => {
  const leakedAt = Math.min(
    view.leakedValueAt ?? Number.POSITIVE_INFINITY,
    view.leakedPrintAt ?? Number.POSITIVE_INFINITY,
  )
  if (!Number.isFinite(leakedAt) || prints.length === 0) return Promise.resolve(true)
  const partitions = new Set(prints.map(print => partitionOf(print, parts.partitions)))
  return readPartitions(
    parts,
    { partitions, since: leakedAt },
    fact => fact.kind === 'leaked' && prints.includes(fact.fingerprint),
    into,
  )
}

const readPartitions = async (
  { kafka, topic }: StoryParts,
  { partitions, since }: Places,
  wanted: Wanted,
  into: Map<string, PlacedFact>,
): Promise<boolean> => {
  const ranges = await rangesSince(kafka, topic, partitions, since - skewMs).catch(() => undefined)
  if (!ranges) return false
  const reading = readRange({
    kafka,
    topic,
    ranges,
    mostBytes,
    timeoutMs,
    onRecord: (partition, { key, value, offset, timestamp }) => {
      const fact: FactEntry | undefined = value === null ? shredOfKey(String(key)) : parseFact(value)
      // The same fact, appended again, is one fact: its first record counts.
      if (!fact || !wanted(fact) || into.has(String(key))) return
      into.set(String(key), { fact, place: `${partition}@${offset}`, appendedAt: Number(timestamp) })
    },
  })
  return reading.catch(() => false)
}

const rangesSince = async (kafka: Kafka, topic: string, partitions: Set<number>, since: number): Promise<Range[]> => {
  const admin = await connectAdmin(kafka)
  try {
    const [ends, starts] = await Promise.all([
      admin.fetchTopicOffsets(topic),
      admin.fetchTopicOffsetsByTimestamp(topic, Math.max(0, since)),
    ])
    const startOf = new Map(starts.map(one => [one.partition, Number(one.offset)]))
    return ends
      .filter(one => partitions.has(one.partition))
      .map(({ partition, low, high }) => ({
        partition,
        from: Math.max(Number(low), startOf.get(partition) ?? 0),
        to: Number(high),
      }))
  } finally {
    await admin.disconnect()
  }
}
