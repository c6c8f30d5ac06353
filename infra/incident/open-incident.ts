import { createHash, randomBytes } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Kafka, logLevel } from 'kafkajs'
import { parse, stringify } from 'yaml'
import type { z } from 'zod'
import type { principal } from '../../schemas/config.ts'
import { apiState, grantList } from '../../schemas/http.ts'
import { loadConfig } from '../../services/runtime/load-config.ts'
import { waitUntil } from '../stack/wait-until.ts'
import { openSample, type Sample, type SampleOptions } from '../start/open-sample.ts'
import { type Agent, runAgent } from './cast.ts'

export type Incident = {
  sample: Sample
  rogue: Agent
  /** Its credentials are nobody's business: none of them may die. */
  innocent: Agent
  /** Ended already, and its grants lie in the dead letters: Curfew knows nothing of what it holds. */
  unknown: Agent
  /** Of the second person that a plan over the cap needs. */
  approverToken: string
  /** Where the signed receipts are. */
  auditDir: string
  /** What the new release hands out is allowed from now on: the config is mended, and every process starts again with it. */
  mendConfig(): void
  /** The key product answers again. */
  storeReturns(): Promise<void>
}

const forgotten = 'oauth-local'
const poison = ['{"specversion":"1.0","type":"curfew.session.ended"', 'undefined', '[object Object]']

/**
 * What the pager rings for: an agent has gone rogue with 200 credentials. The key product is down, so that what ten of its
 * sessions held there outlives their end. A new release hands out OAuth tokens, which nobody allowed in the config, and
 * sends three messages that are no events: all dead letters.
 */
export const openIncident = async (options: SampleOptions): Promise<Incident> => {
  const approverToken = randomBytes(24).toString('base64url')
  const tokenSha256 = createHash('sha256').update(approverToken).digest('hex')
  const auditDir = join(options.folder, 'audit')
  const approver = { id: 'second-person', tenant: 'acme', may: { roles: ['approver' as const] }, tokenSha256 }
  const sample = await openSample({
    ...options,
    processes: [...options.processes, ['audit']],
    adjust: content => ({
      ...content,
      principals: [...content.principals.map(withoutForgotten), approver],
      audit: { dir: auditDir, everyMs: 5_000 },
    }),
  })
  const { world, configFile, roles } = sample
  const end = (session: string) => world.emitter.emit('curfew.session.ended', { session })
  const innocent = await runAgent(world, 'build-bot', { sessions: 10, kinds: ['token', 'login'] })
  const rogue = await runAgent(world, 'rogue-bot', { sessions: 40, kinds: ['token', 'token', 'token', 'login', 'key'] })
  const unknown = await runAgent(world, 'release-bot', { sessions: 12, kinds: ['oauth'] })
  await sendPoison(configFile)
  await untilSeen(options.apiDir, [...rogue.held, ...innocent.held].length)
  await world.others.keys.stopApi()
  await Promise.all([...rogue.sessions.slice(0, 10), ...unknown.sessions].map(end))
  return {
    sample,
    rogue,
    innocent,
    unknown,
    approverToken,
    auditDir,
    storeReturns: () => world.others.keys.startApi(),
    mendConfig: () => {
      allowForgotten(configFile)
      for (const pid of roles.pids()) process.kill(pid, 'SIGTERM')
    },
  }
}

type PrincipalInput = z.input<typeof principal>
const withoutForgotten = (one: PrincipalInput): PrincipalInput => ({
  ...one,
  may: { ...one.may, grant: (one.may.grant ?? []).filter(id => id !== forgotten) },
})

const allowForgotten = (file: string): void => {
  const content = parse(readFileSync(file, 'utf8')) as { principals: PrincipalInput[] }
  for (const one of content.principals) if (one.id === 'issuer') one.may.grant?.push(forgotten)
  writeFileSync(file, stringify(content))
}

/** A death is only proven of what was seen alive before: the key product must not go away earlier. */
const untilSeen = (apiDir: string, held: number): Promise<void> =>
  waitUntil(
    'every credential to be seen alive',
    180_000,
    async () => {
      const { url, token } = apiState.parse(JSON.parse(readFileSync(join(apiDir, 'api.json'), 'utf8')))
      const answer = await fetch(`${url}/v1/grants?limit=1000`, { headers: { authorization: `Bearer ${token}` } })
      const { grants } = grantList.parse(await answer.json())
      const seen = grants.filter(one => one.seenAliveAt !== undefined).length
      if (seen < held) throw new Error(`${seen} of ${held}`)
    },
    1_000,
  )

const sendPoison = async (configFile: string): Promise<void> => {
  const { brokers, topics } = loadConfig(configFile).kafka
  const producer = new Kafka({ brokers, clientId: 'bad-release', logLevel: logLevel.NOTHING }).producer()
  await producer.connect()
  await producer.send({ topic: topics.lifecycle, messages: poison.map(value => ({ value })) })
  await producer.disconnect()
}
