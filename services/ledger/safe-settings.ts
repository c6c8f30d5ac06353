import type { Redis } from 'ioredis'
import kafkajs, { type Admin } from 'kafkajs'
import { StartRefused } from '../pipeline/errors.ts'

/** Facts are kept for ever: a facts topic that deletes by age or size would lose obligations. Refused at start. */
export const requireCompactedFacts = async (admin: Admin, topic: string): Promise<void> => {
  const { resources } = await admin.describeConfigs({
    includeSynonyms: false,
    resources: [{ type: kafkajs.ConfigResourceTypes.TOPIC, name: topic, configNames: ['cleanup.policy'] }],
  })
  const policy = resources[0]?.configEntries.find(entry => entry.configName === 'cleanup.policy')?.configValue
  if (policy !== 'compact') throw new StartRefused(`topic ${topic}: cleanup.policy is ${policy}, and must be compact`)
}

/** A Redis that evicts would drop due credentials and jobs silently. One that hides its settings is taken at its word. */
export const requireNoEviction = async (redis: Redis): Promise<void> => {
  const settings = await redis.config('GET', 'maxmemory-policy').catch(() => [])
  const policy = (settings as string[])[1]
  if (policy !== undefined && policy !== 'noeviction')
    throw new StartRefused(`Redis: maxmemory-policy is ${policy}, and must be noeviction`)
}
