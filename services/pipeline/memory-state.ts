import { credentialHash, fingerprintCredentials, fingerprintHash, type Merge } from './merges.ts'

/** The state in memory: what Lua does in Redis, for property tests and for the differential test. */
export type MemoryState = { hashes: Map<string, Map<string, string>>; sets: Map<string, Set<string>> }
export const emptyState = (): MemoryState => ({ hashes: new Map(), sets: new Map() })

/** Number first (digits up to the bar), then bytes: never a locale. */
export const less = (a: string, b: string) => {
  const [x, y] = [Number.parseInt(a, 10), Number.parseInt(b, 10)]
  return x === y ? Buffer.compare(Buffer.from(a), Buffer.from(b)) < 0 : x < y
}

export const applyMerge = (state: MemoryState, merge: Merge): void => {
  switch (merge[0]) {
    case 'min':
    case 'max': {
      const [op, key, field, value] = merge
      const hash = bucket(state.hashes, key, () => new Map<string, string>())
      const old = hash.get(field)
      if (old === undefined || (op === 'min' ? less(value, old) : less(old, value))) hash.set(field, value)
      return
    }
    case 'add':
      bucket(state.sets, merge[1], () => new Set<string>()).add(merge[2])
      return
    case 'put':
      bucket(state.hashes, merge[1], () => new Map<string, string>()).set(merge[2], merge[3])
      return
    case 'drop': {
      const hash = state.hashes.get(merge[1])
      hash?.delete(merge[2])
      if (hash?.size === 0) state.hashes.delete(merge[1])
      return
    }
    case 'leak': {
      const [, fp, field, value] = merge
      applyMerge(state, ['min', fingerprintHash(fp), field, value])
      for (const cid of state.sets.get(fingerprintCredentials(fp)) ?? [])
        applyMerge(state, ['min', credentialHash(cid), field, value])
      return
    }
    case 'join': {
      const [, fp, cid] = merge
      applyMerge(state, ['add', fingerprintCredentials(fp), cid])
      for (const [field, value] of state.hashes.get(fingerprintHash(fp)) ?? [])
        applyMerge(state, ['min', credentialHash(cid), field, value])
      return
    }
    case 'touch':
    case 'touchSession':
      return
  }
}

const bucket = <V>(map: Map<string, V>, key: string, make: () => V): V => {
  const found = map.get(key)
  if (found !== undefined) return found
  const made = make()
  map.set(key, made)
  return made
}
