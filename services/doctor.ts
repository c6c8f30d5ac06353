import { randomBytes } from 'node:crypto'
import type { Admin } from 'kafkajs'
import { kindsOfStore } from '../schemas/grant.ts'
import type { DoctorLine } from '../schemas/http-doctor.ts'
import type { CanaryStatus } from '../schemas/status.ts'
import { readCanaries } from './canary-wiring.ts'
import { requireLogAppendTime } from './intake/offset-guard.ts'
import { connectAdmin } from './ledger/kafka.ts'
import { readyPartitions } from './ledger/ready-partitions.ts'
import { clockSkewMs } from './ledger/redis.ts'
import { requireCompactedFacts, requireNoEviction } from './ledger/safe-settings.ts'
import { sealedKids } from './ledger/sealed-kids.ts'
import { StartRefused } from './pipeline/errors.ts'
import { examineStore } from './pipeline/examine-store.ts'
import { isOldCanary, maxSkewMs } from './pipeline/honest-health.ts'
import type { Parts } from './roles.ts'

/** Everything that revoking needs, looked at before the incident. Without effect, except calls that are counted. */
export const examine = async (parts: Parts, store: string | undefined): Promise<DoctorLine[]> => {
  const stores = await Promise.all(
    parts.config.stores.filter(one => store === undefined || one.id === store).map(one => ofStore(parts, one)),
  )
  const rest =
    store === undefined ? await Promise.all([ofRedis(parts), ofKafka(parts), ofKeys(parts), ofCanary(parts)]) : []
  return [...stores, ...rest].flat()
}

const random = () => randomBytes(12).toString('hex')

const ofStore = async (
  { stores, edge }: Parts,
  { id, kind }: Parts['config']['stores'][number],
): Promise<DoctorLine[]> => {
  const store = stores.get(id)
  if (!store) return []
  const checks = await examineStore({ seal: edge.seal, random }, store, kindsOfStore[kind])
  return checks.map(check => ({ about: id, ...check }))
}

type Check = [check: string, run: () => Promise<string>]
/** A setting that is refused is missing; what cannot be asked cannot be told. */
const each = (about: string, checks: Check[]): Promise<DoctorLine[]> =>
  Promise.all(
    checks.map(async ([check, run]): Promise<DoctorLine> => {
      try {
        return { about, check, state: 'ok', says: await run() }
      } catch (error) {
        if (error instanceof StartRefused) return { about, check, state: 'missing', says: error.message }
        return { about, check, state: 'cannot_tell', says: `${about} cannot be asked now` }
      }
    }),
  )
const refuse = (why: string): never => {
  throw new StartRefused(why)
}

const ofRedis = ({ redis, config }: Parts) =>
  each('redis', [
    [
      'never evicts',
      async () => requireNoEviction(redis).then(() => 'maxmemory-policy is noeviction, or hidden from us'),
    ],
    [
      'clock',
      async () => {
        const skewMs = Math.abs(await clockSkewMs(redis))
        return skewMs < maxSkewMs ? `${skewMs} ms from ours` : refuse(`${skewMs} ms from ours: over ${maxSkewMs} ms`)
      },
    ],
    [
      'state is whole',
      async () => {
        const ready = await readyPartitions(redis, config.redis.prefix)
        const { factsPartitions } = config.kafka
        return ready >= factsPartitions
          ? 'every facts partition is folded'
          : refuse(`a rebuild: ${ready} of ${factsPartitions} folded`)
      },
    ],
  ])

const ofKafka = async ({ kafka, config }: Parts): Promise<DoctorLine[]> => {
  const { topics, factsPartitions } = config.kafka
  let admin: Admin
  try {
    admin = await connectAdmin(kafka)
  } catch {
    return [{ about: 'kafka', check: 'reached', state: 'cannot_tell', says: 'no broker answers' }]
  }
  try {
    const inputs = [topics.lifecycle, topics.grants, topics.leaks]
    return await each('kafka', [
      ...inputs.map(
        (topic): Check => [
          `${topic} is stamped by the broker`,
          async () => requireLogAppendTime(admin, [topic]).then(() => 'message.timestamp.type is LogAppendTime'),
        ],
      ),
      [
        `${topics.facts} is kept`,
        async () => requireCompactedFacts(admin, topics.facts).then(() => 'cleanup.policy is compact'),
      ],
      [
        `${topics.facts} partitions`,
        async () => {
          const { length } = await admin.fetchTopicOffsets(topics.facts)
          return length === factsPartitions
            ? `${length}, as configured`
            : refuse(`${length}, and the config says ${factsPartitions}`)
        },
      ],
      [
        `${topics.deadLetters} exists`,
        async () => `${(await admin.fetchTopicOffsets(topics.deadLetters)).length} partitions`,
      ],
    ])
  } finally {
    await admin.disconnect()
  }
}

const ofKeys = ({ redis, config, sealingKids }: Parts) =>
  each('keys', [
    [
      'sealing ring',
      async () => {
        const needed = [...(await sealedKids(redis, config.redis.prefix)).keys()]
        const missing = needed.filter(kid => !sealingKids.has(kid))
        return missing.length === 0
          ? 'every key that a sealed value needs is there'
          : refuse(`missing: ${missing.join(', ')}`)
      },
    ],
  ])

const ofCanary = (parts: Parts) =>
  each('canary', [
    [
      'age',
      async () => {
        const canaries = await readCanaries(parts)
        if (canaries.length === 0) return refuse('no canary in the config: health is not known')
        const old = canaries.some(one => one.ageMs === undefined || isOldCanary(one.ageMs, one))
        const says = canaries.map(deathSaid).join('; ')
        return old ? refuse(says) : says
      },
    ],
  ])

const deathSaid = ({ store, kind, ageMs, everyMs }: CanaryStatus): string => {
  if (ageMs === undefined) return `of ${store} (${kind}) none was seen to die yet`
  const late = isOldCanary(ageMs, { everyMs }) ? ': more than three periods' : ''
  return `the last one of ${store} (${kind}) died ${Math.round(ageMs / 1_000)}s ago${late}`
}
