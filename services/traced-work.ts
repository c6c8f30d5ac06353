import type { Redis } from 'ioredis'
import { originOf } from './ledger/traces.ts'
import type { Credential, Lane, ProbeResult, Settled, StepResult, Store } from './pipeline/ports.ts'
import { noTracing, type Tracing } from './pipeline/tracing.ts'

/** A job in its trace: the one of the event that made the credential due. */
export const tracedJob =
  ({ tracing, redis, prefix }: { tracing: Tracing; redis: Redis; prefix: string }) =>
  async (lane: Lane, cid: string, run: () => Promise<Settled>): Promise<Settled> =>
    // Switched off, Redis is asked for nothing.
    tracing === noTracing
      ? run()
      : tracing.span('job', { lane, credential: cid }, run, await originOf(redis, prefix, cid), settledAs)

/** Why one job was not enough: it is to be done again. */
const settledAs = ({ state }: Settled) => ({ result: state })
const answeredAs = (answer: ProbeResult | StepResult) => ({
  result: answer.state,
  problem: 'problem' in answer ? answer.problem.code : undefined,
})

/** Each call to a store in the span of its job. */
export const tracedStore = (store: Store, tracing: Tracing): Store => {
  const traced = <T extends ProbeResult | StepResult>(
    name: string,
    call: (credential: Credential, lane: Lane) => Promise<T>,
  ): ((credential: Credential, lane: Lane) => Promise<T>) => {
    return (credential, lane) => {
      const attributes = { store: store.id, kind: credential.kind, lane }
      return tracing.span(name, attributes, () => call(credential, lane), {}, answeredAs)
    }
  }
  return { ...store, probe: traced('store probe', store.probe), revoke: traced('store revoke', store.revoke) }
}
