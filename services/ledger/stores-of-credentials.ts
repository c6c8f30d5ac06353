import type { Redis } from 'ioredis'
import { credentialHash, stampedText } from '../pipeline/merges.ts'

export type StoresOf = (cids: string[]) => Promise<string[]>

const most = 200_000

/**
 * The store of each credential: its id is made of it, so it never changes and is asked for once. With 10,000 alive a status
 * would otherwise read 10,000 hashes, each second and for each reader.
 */
export const storesOfCredentials = (redis: Redis, prefix: string): StoresOf => {
  let known = new Map<string, string>()
  return async cids => {
    if (known.size + cids.length > most) known = new Map()
    const asked = cids.filter(cid => !known.has(cid))
    const found = await readStores(redis, prefix, asked)
    for (const [cid, store] of found) known.set(cid, store)
    return cids.flatMap(cid => known.get(cid) ?? [])
  }
}

const readStores = async (redis: Redis, prefix: string, cids: string[]): Promise<[string, string][]> => {
  if (cids.length === 0) return []
  const pipeline = redis.pipeline()
  for (const cid of cids) pipeline.hget(`${prefix}:${credentialHash(cid)}`, 'store')
  const answers = (await pipeline.exec()) ?? []
  return answers.flatMap(([, store], i): [string, string][] =>
    typeof store === 'string' ? [[cids[i] ?? '', stampedText(store)]] : [],
  )
}
