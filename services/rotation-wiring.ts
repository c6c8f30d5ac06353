import { randomBytes } from 'node:crypto'
import { setTimeout } from 'node:timers/promises'
import type { Redis } from 'ioredis'
import type { SecretConfig } from '../schemas/secrets.ts'
import { rotationNotes } from './ledger/read-secrets.ts'
import { randomId } from './pipeline/ids.ts'
import type { WorkParts } from './pipeline/ports.ts'
import type { RotationEvent, RotationParts } from './pipeline/rotation/ports.ts'
import { decided, rotate } from './pipeline/rotation/rotate.ts'
import type { RotationQueueParts } from './queue/rotations.ts'
import type { Parts } from './roles.ts'
import { observeRotation } from './runtime/observe-rotation.ts'
import { type Hook, openHook } from './stores/hook.ts'

const hookTimeoutMs = 10_000
const lookEveryMs = 60_000

/** Rotation over the work's parts: the edge for fingerprints, the hooks for the consumers. */
export const rotationQueue = (
  { config, edge, redis, log, counters, histograms }: Parts,
  work: WorkParts,
): RotationQueueParts & { close(): Promise<void> } => {
  const hooks = new Map<string, Hook>(
    config.secrets.flatMap(({ id, pickUp }) =>
      pickUp.by === 'hook' ? [[id, openHook(pickUp.hook, hookTimeoutMs)] as const] : [],
    ),
  )
  const observe = observeRotation(log, counters, (secret, seconds) => {
    const keeper = work.secrets.get(secret)?.keeper.store ?? ''
    histograms.observe('curfew_rotation_seconds', { keeper }, seconds)
  })
  const parts: RotationParts = {
    ...work,
    holder: randomId(),
    fingerprint: edge.fingerprint,
    seal: edge.seal,
    tellConsumers: tellConsumers(hooks),
    random: () => randomBytes(32).toString('base64url'),
    pause: setTimeout,
    observeRotation: happened => {
      observe(happened)
      void remember(redis, config.redis.prefix, happened).catch(() => undefined)
    },
  }
  const restKey = (secret: string) => `${config.redis.prefix}:rotation-rest:${secret}`
  return {
    secrets: work.secrets,
    wants: async id => {
      const secret = work.secrets.get(id)
      if (!secret || (await redis.exists(restKey(id))) === 1) return false
      const { verdict } = await decided(work, secret)
      if (verdict.do !== 'nothing') return true
      // What somebody wrote by hand is found by looking.
      return (await redis.set(`${config.redis.prefix}:rotation-looked:${id}`, '1', 'PX', lookEveryMs, 'NX')) === 'OK'
    },
    run: secret => rotate(parts, secret),
    rest: async (secret, ms) => {
      await redis.set(restKey(secret), '1', 'PX', Math.ceil(ms))
    },
    pause: setTimeout,
    log,
    close: async () => {
      for (const hook of hooks.values()) await hook.close()
    },
  }
}

/** What hinders it now, for the lists. Losing it costs a line of a list. */
const remember = async (redis: Redis, prefix: string, happened: RotationEvent): Promise<void> => {
  const key = rotationNotes(prefix)
  if (happened.event !== 'rotation_problem') return void (await redis.hdel(key, happened.secret))
  const { secret, step, problem } = happened
  const before = await redis.hget(key, secret)
  const known = before === null ? undefined : (JSON.parse(before) as { since: number; step: string })
  const since = known?.step === step ? known.since : Date.now()
  await redis.hset(key, secret, JSON.stringify({ since, step, code: problem.code, detail: problem.detail }))
}

const tellConsumers =
  (hooks: ReadonlyMap<string, Hook>): RotationParts['tellConsumers'] =>
  async ({ id }: SecretConfig, rotation, keeperVersion) =>
    (await hooks.get(id)?.tell({ secret: id, rotation, keeperVersion })) ?? {}
