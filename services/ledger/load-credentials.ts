import type { Redis } from 'ioredis'
import { credentialHash, sessionHash } from '../pipeline/merges.ts'
import type { WorkNote } from '../pipeline/ports.ts'
import { type CredentialView, credentialView, sessionIdsOf } from '../pipeline/view.ts'

export type Loaded = { view: CredentialView; note: WorkNote | undefined }
type Hash = ReadonlyMap<string, string>

const chunkSize = 500

/** Reads many credentials in few round trips. What has no grant (yet) is left out. */
export const loadCredentials = async (redis: Redis, prefix: string, cids: string[]): Promise<Loaded[]> => {
  const loaded: Loaded[] = []
  for (let start = 0; start < cids.length; start += chunkSize)
    loaded.push(...(await loadChunk(redis, prefix, cids.slice(start, start + chunkSize))))
  return loaded
}

const loadChunk = async (redis: Redis, prefix: string, cids: string[]): Promise<Loaded[]> => {
  const hashes = await readHashes(
    redis,
    cids.map(cid => `${prefix}:${credentialHash(cid)}`),
  )
  const sids = [...new Set(hashes.flatMap(sessionIdsOf))]
  const sessionHashes = await readHashes(
    redis,
    sids.map(sid => `${prefix}:${sessionHash(sid)}`),
  )
  const sessions = new Map(sids.map((sid, i) => [sid, sessionHashes[i] ?? new Map()]))
  const notes = cids.length === 0 ? [] : await redis.hmget(`${prefix}:notes`, ...cids)
  return cids.flatMap((cid, i) => {
    const view = credentialView(cid, hashes[i] ?? new Map(), sessions)
    const note = notes[i]
    return view ? [{ view, note: note ? (JSON.parse(note) as WorkNote) : undefined }] : []
  })
}

export const readHashes = async (redis: Redis, keys: string[]): Promise<Hash[]> => {
  if (keys.length === 0) return []
  const pipeline = redis.pipeline()
  for (const key of keys) pipeline.hgetall(key)
  return ((await pipeline.exec()) ?? []).map(([error, hash]) => {
    if (error) throw error
    return new Map(Object.entries(hash as Record<string, string>))
  })
}

/** Members of a set, in no order, up to `most`. */
export const scanSet = async (redis: Redis, key: string, most: number) => {
  const members = new Set<string>()
  let cursor = '0'
  do {
    const [next, found] = await redis.sscan(key, cursor, 'COUNT', 1_000)
    for (const member of found) members.add(member)
    cursor = next
  } while (cursor !== '0' && members.size < most)
  return { members: [...members].slice(0, most), complete: cursor === '0' && members.size <= most }
}
