import type { Redis } from 'ioredis'
import type { Config } from '../schemas/config.ts'
import type { Fact } from '../schemas/facts.ts'
import { rememberTrace } from './ledger/traces.ts'
import { sessionKey } from './pipeline/ids.ts'
import { bindTrace, endSubject, type TraceParent, type Tracing, traceOf, traceParentOf } from './pipeline/tracing.ts'

type Parts = { config: Config; redis: Redis; tracing: Tracing }
type Raw = { headers: Record<string, string | undefined> }

/** An event becomes facts in its sender's trace, or in one of its own; the facts remember the span. */
export const tracedFacts = (
  { tracing }: Pick<Parts, 'tracing'>,
  raw: Raw,
  attributes: { topic: string },
  understand: () => Promise<Fact[]>,
): Promise<Fact[]> =>
  tracing.span('intake', attributes, async () => bindTrace(await understand(), tracing.current()), {
    parent: traceParentOf(raw.headers),
  })

/** Undefined: nothing is traced, and nothing is asked for it. */
export const tracedFold = ({ config, redis, tracing }: Parts) => {
  if (!config.tracing) return undefined
  return async (partition: number, facts: Fact[]): Promise<void> => {
    for (const fact of facts) {
      const parent = traceOf(fact)
      if (parent === undefined || endSubject(fact) === undefined) continue
      const remember = async () => {
        const span = tracing.current()
        if (span !== undefined) await rememberTrace(redis, config.redis.prefix, fact, span).catch(() => undefined)
      }
      await tracing.span('fold', { partition, fact: fact.kind }, remember, { parent })
    }
  }
}

/** By the key of the outcome event: a credential for a death, a session for its closing. */
export const tracedTelling = ({ config, tracing }: Parts) => {
  if (!config.tracing) return undefined
  return async (facts: Fact[]): Promise<ReadonlyMap<string, TraceParent>> => {
    const traces = new Map<string, TraceParent>()
    for (const fact of facts) {
      const parent = traceOf(fact)
      if (parent === undefined || fact.kind !== 'outcome') continue
      const { receipt } = fact
      const attributes = {
        receipt: receipt.receipt,
        store: receipt.store,
        outcome: receipt.outcome,
        cause: receipt.cause,
      }
      await tracing.span(
        'tell',
        attributes,
        () => Promise.resolve(keep(traces, fact.cid, receipt, tracing.current())),
        {
          parent,
        },
      )
    }
    return traces
  }
}

const keep = (
  traces: Map<string, TraceParent>,
  cid: string,
  { grants }: { grants: { tenant: string; session: string }[] },
  current: TraceParent | undefined,
): void => {
  if (current === undefined) return
  for (const key of [cid, ...grants.map(one => sessionKey(one.tenant, one.session))]) traces.set(key, current)
}
