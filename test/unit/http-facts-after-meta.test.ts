import type { Kafka } from 'kafkajs'
import { describe, expect, it } from 'vitest'
import type { Fact } from '../../schemas/facts.ts'
import { factsAfterMeta } from '../../services/ledger/facts-after-meta.ts'
import { FactsUnavailable } from '../../services/pipeline/errors.ts'

const kafkaWith = (high: string, connect = () => Promise.resolve()) =>
  ({
    admin: () => ({
      connect,
      disconnect: () => Promise.resolve(),
      describeCluster: () => Promise.resolve({ clusterId: 'c' }),
      fetchTopicOffsets: () => Promise.resolve([{ partition: 0, high, low: '0' }]),
    }),
  }) as unknown as Kafka
const seen: Fact = { v: 1, kind: 'seen', at: 1, event: 'seen', by: 'x', cid: 'a'.repeat(32) }
const log = () => {
  const kinds: string[] = []
  return { kinds, append: (facts: Fact[]) => Promise.resolve(void kinds.push(...facts.map(fact => fact.kind))) }
}

describe('a process that appends before any ledger has started', () => {
  it('begins each empty partition with its meta record, once', async () => {
    const facts = log()
    const gated = factsAfterMeta(kafkaWith('0'), facts, 'facts', 1)
    await Promise.all([gated.append([seen]), gated.append([seen])])
    expect(facts.kinds).toEqual(['meta', 'seen', 'seen'])
  })
  it('adds nothing to a partition that has begun', async () => {
    const facts = log()
    await factsAfterMeta(kafkaWith('3'), facts, 'facts', 1).append([seen])
    expect(facts.kinds).toEqual(['seen'])
  })
  it('promises nothing while Kafka is away, and looks again at the next append', async () => {
    const facts = log()
    let away = true
    const connect = () => (away ? Promise.reject(new Error('away')) : Promise.resolve())
    const gated = factsAfterMeta(kafkaWith('0', connect), facts, 'facts', 1)
    await expect(gated.append([seen])).rejects.toThrow(FactsUnavailable)
    away = false
    await gated.append([seen])
    expect(facts.kinds).toEqual(['meta', 'seen'])
  })
})
