import { InMemorySpanExporter } from '@opentelemetry/sdk-trace'
import type { Redis } from 'ioredis'
import { describe, expect, it } from 'vitest'
import type { Fact } from '../../schemas/facts.ts'
import { originOf, rememberTrace } from '../../services/ledger/traces.ts'
import type { Credential, Store } from '../../services/pipeline/ports.ts'
import { noTracing, traceOf, traceParentOf } from '../../services/pipeline/tracing.ts'
import { tracingTo } from '../../services/runtime/tracing.ts'
import { tracedFacts } from '../../services/traced-facts.ts'
import { tracedStore } from '../../services/traced-work.ts'

const sender = `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`
const ended = (): Fact => ({
  ...{ v: 1, kind: 'session.ended', at: 1_000, event: 'e', by: 'x', sid: 'c'.repeat(32), cause: 'session_ended' },
})

/** As much of Redis as remembers traces. */
const remembering = () => {
  const kept = new Map<string, string>()
  const redis = {
    set: (key: string, value: string) => Promise.resolve(kept.has(key) ? undefined : kept.set(key, value)),
    mget: (keys: string[]) => Promise.resolve(keys.map(key => kept.get(key) ?? null)),
    hgetall: () => Promise.resolve({}),
  }
  return { redis: redis as unknown as Redis, kept }
}

describe('a trace', () => {
  it('is taken from the CloudEvent first, then from the header; what is malformed is none', () => {
    expect(traceParentOf({ traceparent: sender })).toBe(sender)
    expect(traceParentOf({ traceparent: sender, ce_traceparent: sender.replace('a', 'd') })).toMatch(/^00-d/)
    for (const wrong of ['', 'x', `${sender}\n`, sender.toUpperCase(), `01${sender.slice(2)}`])
      expect(traceParentOf({ traceparent: wrong })).toBeUndefined()
  })

  it('lies beside a fact and never in it: a duplicate in another trace is the same fact', async () => {
    const exporter = new InMemorySpanExporter()
    const tracing = tracingTo(exporter, 'test')
    const raw = { headers: { traceparent: sender } }
    const [fact] = await tracedFacts({ tracing }, raw, { topic: 't' }, () => Promise.resolve([ended()]))
    expect(JSON.stringify(fact)).toBe(JSON.stringify(ended()))
    expect(traceOf(fact as Fact)).toMatch(new RegExp(`^00-${'a'.repeat(32)}-(?!${'b'.repeat(16)})`))
    expect(tracing.current()).toBeUndefined()
    await tracing.close()
  })

  it('belongs to the kill that follows; a kill much later names it and is a trace of its own; Redis away: none', async () => {
    const { redis, kept } = remembering()
    const forced: Fact = { v: 1, kind: 'forced', at: 1, event: 'e', by: 'x', cid: 'd'.repeat(32), reason: 'r' }
    await rememberTrace(redis, 'w', forced, sender)
    expect(await originOf(redis, 'w', forced.cid)).toEqual({ parent: sender })
    const [key = ''] = kept.keys()
    kept.set(key, `${Date.now() - 3_600_000} ${sender}`)
    expect(await originOf(redis, 'w', forced.cid)).toEqual({ link: sender })
    const away = { hgetall: () => Promise.reject(new Error('away')) } as unknown as Redis
    expect(await originOf(away, 'w', forced.cid)).toEqual({})
  })

  it('a linked span begins a new trace', async () => {
    const exporter = new InMemorySpanExporter()
    const tracing = tracingTo(exporter, 'test')
    const within = await tracing.span('job', {}, () => Promise.resolve(tracing.current()), { link: sender })
    expect(within).not.toContain('a'.repeat(32))
    await tracing.close()
  })

  it('a receiver that never answers, or fails, holds up nothing', async () => {
    const silent = { export: () => undefined, shutdown: () => Promise.reject(new Error('away')) }
    const tracing = tracingTo(silent as never, 'test')
    expect(await tracing.span('job', {}, () => Promise.resolve('done'))).toBe('done')
    await expect(tracing.span('job', {}, () => Promise.reject(new Error('its own')))).rejects.toThrow('its own')
    await tracing.close()
  })

  it('a call to a store says what it was answered: the class of a problem, never its text', async () => {
    const sent: Record<string, unknown>[] = []
    const exporter = {
      export: (spans: { attributes: Record<string, unknown> }[], done: (result: { code: number }) => void) => {
        sent.push(...spans.map(one => one.attributes))
        done({ code: 0 })
      },
      shutdown: () => Promise.resolve(),
    }
    const tracing = tracingTo(exporter as never, 'test')
    const problem = { code: 'timeout', detail: 'no answer from 10.0.0.7' } as const
    const store = { id: 'vault-a', probe: () => Promise.resolve({ state: 'unknown', problem }) } as unknown as Store
    const credential = { kind: 'vault.token', handle: 'h' } as Credential
    expect(await tracedStore(store, tracing).probe(credential, 'kill')).toEqual({ state: 'unknown', problem })
    await tracing.close()
    expect(sent).toEqual([
      { store: 'vault-a', kind: 'vault.token', lane: 'kill', result: 'unknown', problem: 'timeout' },
    ])
  })

  it('switched off, the work runs as it is', async () => {
    expect(await noTracing.span('job', {}, () => Promise.resolve(7))).toBe(7)
  })
})
