import type { CredentialKind } from '../../schemas/grant.ts'

/** What one record of a store's own log says of a credential with our mark. Times are epoch ms. */
export type Learned = {
  /** The record's id: reading it again states the same. */
  id: string
  /** When the store wrote it; undefined: unreadable. */
  at: number | undefined
} & (
  | {
      says: 'granted'
      kind: CredentialKind
      handle: string
      session: string
      task?: string
      target?: string
      fingerprints: readonly string[]
      lifeMs?: number
      renewable: boolean
    }
  | { says: 'renewed'; handle: string; lifeMs: number }
)
/** Where it was learned. `lateMs`: how late a record may come. */
export type LearnedAt = {
  store: string
  lateMs: number
  sessionStart?: { maxLifeMs?: number | undefined; idleMs?: number | undefined } | undefined
}
