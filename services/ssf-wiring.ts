import type { SignalsConfig, StreamConfig } from '../schemas/signals.ts'
import type { SsfPort } from './api/ports.ts'
import { StartRefused } from './pipeline/errors.ts'
import type { Parts } from './roles.ts'
import { loadSetKeys } from './runtime/set-keys.ts'
import { pollQueue } from './signals/caep/poll-queue.ts'
import { setSigner } from './signals/caep/sign-set.ts'
import { ssfConfiguration, streamConfiguration, verificationEveryMs } from './signals/caep/ssf-metadata.ts'
import { verifyStream } from './signals/caep/verify-stream.ts'
import { observeSignal } from './signals/observe-signal.ts'

type Caep = NonNullable<SignalsConfig['caep']>

/** A stream is told what is its principal's tenant's. */
export const streamsOf = ({ config }: Parts, { streams }: Caep): (StreamConfig & { tenant: string })[] =>
  streams.map(stream => {
    const principal = config.principals.find(one => one.id === stream.principal)
    if (!principal) throw new StartRefused(`signals.caep.streams.${stream.id}: no principal "${stream.principal}"`)
    return { ...stream, tenant: principal.tenant }
  })

export const openSigner = async ({ config }: Parts, { issuer, algorithm }: Caep) => {
  const keys = await loadSetKeys(config.keysDir, algorithm)
  return { keys, sign: await setSigner(issuer, keys.current, Date.now) }
}

export const queueOf =
  ({ redis, config }: Parts) =>
  (stream: string) =>
    pollQueue(redis, config.redis.prefix, stream)

/** The receivers' side of the transmitter, for the API. */
export const ssfPort = async (parts: Parts): Promise<{ port: SsfPort; close(): void } | undefined> => {
  const { caep } = parts.config.signals
  if (!caep) return undefined
  const { keys, sign } = await openSigner(parts, caep)
  const queue = queueOf(parts)
  const streams = new Map(streamsOf(parts, caep).map(one => [one.id, one]))
  const tellOf = (id: string) => observeSignal(id, { log: parts.log, counters: parts.counters, now: Date.now })
  const closing = new AbortController()
  const verifiedAt = new Map<string, number>()
  const port: SsfPort = {
    configuration: ssfConfiguration(caep.issuer),
    keys: { keys: keys.publicKeys },
    streams: [...streams.values()].map(stream => ({
      id: stream.id,
      principal: stream.principal,
      polls: stream.delivery.method === 'poll',
      description: streamConfiguration(caep.issuer, stream),
    })),
    poll: async (id, { ack, setErrs, maxEvents }) => {
      await queue(id).settle(ack)
      const refused = await queue(id).settle(Object.keys(setErrs))
      for (let i = 0; i < refused; i += 1) tellOf(id)({ event: 'refused' })
      return queue(id).next(maxEvents)
    },
    verify: async (id, state) => {
      const stream = streams.get(id)
      const waitMs = (verifiedAt.get(id) ?? Number.NEGATIVE_INFINITY) + verificationEveryMs - Date.now()
      if (!stream || waitMs > 0) return Math.max(waitMs, 1_000)
      await verifyStream(stream, state, { sign, queue, now: Date.now, tell: tellOf(id), closing: closing.signal })
      verifiedAt.set(id, Date.now())
      return 0
    },
  }
  return { port, close: () => closing.abort() }
}
