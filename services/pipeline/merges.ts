/**
 * Every field of the state is a join semilattice: facts become merges (min, max, set union, join), which commute and are
 * idempotent, so that any shuffle, duplication and compaction of the facts folds to the same state (invariant 7).
 * Written once here; applied by the Lua script in Redis and by `MemoryState` in tests.
 * Sealed values alone are put and dropped: all records of one are in one partition under one key, where the last one wins, in
 * the log's order as in compaction.
 *
 * A stamped value is 13 digits, then `|` and text: the number decides, then the text's bytes.
 */
export type Merge =
  | ['min' | 'max', key: string, field: string, stamped: string]
  | ['add', key: string, member: string]
  | ['put', key: string, field: string, value: string]
  | ['drop', key: string, field: string]
  /** A leak marks every credential that has the fingerprint, now or later. */
  | ['leak', fingerprint: string, field: 'leakedValue' | 'leakedPrint', stamped: string]
  | ['join', fingerprint: string, cid: string]
  /** The due index of a credential, or of all credentials of a session, is computed anew. */
  | ['touch', cid: string]
  | ['touchSession', sid: string]

export const stamp = (number: number, text = '') => `${String(number).padStart(13, '0')}|${text}`
export const stampedNumber = (stamped: string) => Number(stamped.slice(0, 13))
export const stampedText = (stamped: string) => stamped.slice(14)

export const sessionHash = (sid: string) => `s:${sid}`
export const sessionCredentials = (sid: string) => `sc:${sid}`
export const credentialHash = (cid: string) => `c:${cid}`
export const sealedHash = (cid: string) => `v:${cid}`
export const fingerprintHash = (fp: string) => `f:${fp}`
export const fingerprintCredentials = (fp: string) => `fc:${fp}`
export const secretHash = (secret: string) => `x:${secret}`
