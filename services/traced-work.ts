import type { Redis } from 'ioredis'
import { originOf } from './ledger/traces.ts'
import type { Lane, Settled, Store } from './pipeline/ports.ts'
import { noTracing, type Tracing } from './pipeline/tracing.ts'

/** A job in its trace: the one of the event that made the credential due. */
export const tracedJob =
  ({ tracing, redis, prefix }: { tracing: Tracing; redis: Redis; prefix: string }) =>
  async (lane: Lane, cid: string, run: () => Promise<Settled>): Promise<Settled> =>
    // Switched off, Redis is asked for nothing.
    tracing === noTracing
      ? run()
      : tracing.span('job', { lane, credential: cid }, run, await originOf(redis, prefix, cid))

/** Each call to a store in the span of its job. */
export const tracedStore = (store: Store, tracing: Tracing): Store => ({
  ...store,
  probe: (credential, lane) =>
    tracing.span('store probe', { store: store.id, kind: credential.kind, lane }, () => store.probe(credential, lane)),
  revoke: (credential, lane) =>
    tracing.span('store revoke', { store: store.id, kind: credential.kind, lane }, () =>
      store.revoke(credential, lane),
    ),
})
