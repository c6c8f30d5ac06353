import type { Redis } from 'ioredis'
import type { Fact } from '../../schemas/facts.ts'
import { mergesOf } from '../../services/pipeline/fold.ts'
import { applyMerge, emptyState } from '../../services/pipeline/memory-state.ts'

/** What facts add up to, read as Redis is read: a stand-in for the reading commands that a credential's story needs. */
export const foldedRedis = (prefix: string, facts: Fact[]): Redis => {
  const state = emptyState()
  for (const fact of facts) for (const merge of mergesOf(fact)) applyMerge(state, merge)
  const short = (key: string) => key.slice(prefix.length + 1)
  const hash = (key: string) => Object.fromEntries(state.hashes.get(short(key)) ?? [])
  const members = (key: string) => [...(state.sets.get(short(key)) ?? [])]
  const pipeline = () => {
    const answers: [null, unknown][] = []
    const asked = (answer: unknown) => {
      answers.push([null, answer])
      return chain
    }
    const chain = {
      smembers: (key: string): unknown => asked(members(key)),
      hgetall: (key: string): unknown => asked(hash(key)),
      exec: () => Promise.resolve(answers),
    }
    return chain
  }
  const hmget = (key: string, ...fields: string[]) => Promise.resolve(fields.map(field => hash(key)[field] ?? null))
  return { hmget, pipeline } as unknown as Redis
}
