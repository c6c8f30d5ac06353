import type { Redis } from 'ioredis'
import { credentialHash, sealedHash, secretHash, sessionHash } from '../pipeline/merges.ts'
import type { Projection, WorkNote } from '../pipeline/ports.ts'
import { type SecretView, secretView } from '../pipeline/rotation/secret-view.ts'
import { credentialView, sessionIdsOf } from '../pipeline/view.ts'
import { readyPartitions } from './ready-partitions.ts'
import type { LedgerScripts } from './redis.ts'

export type ProjectionParts = {
  redis: Redis
  scripts: LedgerScripts
  prefix: string
  cap: { kills: number; windowMs: number }
  expiryHoldMs: number
  partitions: number
}

export const hashOf = async (redis: Redis, key: string): Promise<Map<string, string>> =>
  new Map(Object.entries(await redis.hgetall(key)))

/** Of a registered secret as the facts tell it. Empty where none is known. */
export const readSecretView = async (redis: Redis, prefix: string, secret: string): Promise<SecretView> =>
  secretView(secret, await hashOf(redis, `${prefix}:${secretHash(secret)}`))

/** What the work reads and remembers. */
export const projection = ({ redis, scripts, prefix, cap, expiryHoldMs, partitions }: ProjectionParts): Projection => {
  const key = (name: string) => `${prefix}:${name}`
  return {
    load: async cid => {
      const hash = await hashOf(redis, key(credentialHash(cid)))
      const sids = sessionIdsOf(hash)
      const [sealed, ...sessions] = await Promise.all([
        hashOf(redis, key(sealedHash(cid))),
        ...sids.map(sid => hashOf(redis, key(sessionHash(sid)))),
      ])
      return credentialView(cid, hash, new Map(sids.map((sid, i) => [sid, sessions[i] ?? new Map()])), sealed)
    },
    marks: async () => {
      const [ready, [grants, lifecycle, holdFrom]] = await Promise.all([
        readyPartitions(redis, prefix),
        redis.hmget(key('marks'), 'grants', 'lifecycle', 'holdFrom'),
      ])
      return {
        ready: ready >= partitions,
        grantsRead: Number(grants ?? 0),
        lifecycleRead: Number(lifecycle ?? 0),
        expiryHoldMs,
        holdFrom: holdFrom === null || holdFrom === undefined ? Date.now() : Number(holdFrom),
      }
    },
    note: async cid => {
      const saved = await redis.hget(key('notes'), cid)
      return saved === null ? undefined : (JSON.parse(saved) as WorkNote)
    },
    saveNote: async (cid, note) => {
      await redis.hset(key('notes'), cid, JSON.stringify(note))
    },
    secret: id => readSecretView(redis, prefix, id),
    admit: async cid => (await scripts.admit(prefix, cid, cap.kills, cap.windowMs)) === 1,
  }
}
