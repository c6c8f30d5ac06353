import type { Redis } from 'ioredis'
import type { Fact } from '../../schemas/facts.ts'
import { mergesOf } from '../pipeline/fold.ts'
import { less } from '../pipeline/memory-state.ts'
import { credentialHash, fingerprintCredentials, fingerprintHash, type Merge, sealedHash } from '../pipeline/merges.ts'

const chunk = 500

/** Of each fact: does it change what is known? The state is a lattice: a fact that lifts nothing was known. */
export const changesOf = async (redis: Redis, prefix: string, facts: Fact[]): Promise<boolean[]> => {
  const changes: boolean[] = []
  for (let start = 0; start < facts.length; start += chunk)
    changes.push(...(await ofChunk(redis, prefix, facts.slice(start, start + chunk))))
  return changes
}

type Question = { commands: [string, ...string[]][]; lifts(answers: unknown[]): boolean }

const ofChunk = async (redis: Redis, prefix: string, facts: Fact[]): Promise<boolean[]> => {
  const asked = facts.map(fact => mergesOf(fact).flatMap(merge => questionOf(prefix, merge)))
  const answers = ((await redis.pipeline(asked.flat().flatMap(one => one.commands)).exec()) ?? []).map(
    ([error, answer]) => {
      if (error) throw error
      return answer
    },
  )
  // Every answer is taken, also behind one that decides.
  return asked.map(questions =>
    questions.map(({ commands, lifts }) => lifts(answers.splice(0, commands.length))).some(Boolean),
  )
}

const questionOf = (prefix: string, merge: Merge): Question[] => {
  const key = (name: string) => `${prefix}:${name}`
  const field = (hash: string, name: string, lifts: (old: string) => boolean): Question[] => [
    { commands: [['hget', key(hash), name]], lifts: ([old]) => typeof old !== 'string' || lifts(old) },
  ]
  const member = (set: string, name: string): Question[] => [
    { commands: [['sismember', key(set), name]], lifts: ([there]) => there !== 1 },
  ]
  switch (merge[0]) {
    case 'min':
      return field(merge[1], merge[2], old => less(merge[3], old))
    case 'max':
      return field(merge[1], merge[2], old => less(old, merge[3]))
    case 'add':
      return member(merge[1], merge[2])
    case 'leak':
      return field(fingerprintHash(merge[1]), merge[2], old => less(merge[3], old))
    case 'join':
      return member(fingerprintCredentials(merge[1]), merge[2])
    case 'put': {
      // A sealed value is shredded when its credential is settled, and must not come back.
      const settled = key(credentialHash(merge[1].slice(sealedHash('').length)))
      const commands: Question['commands'] = [
        ['hexists', key(merge[1]), merge[2]],
        ['hexists', settled, 'o:0'],
        ['hexists', settled, 'epoch'],
      ]
      return [{ commands, lifts: known => known.every(one => one === 0) }]
    }
    default:
      return []
  }
}
