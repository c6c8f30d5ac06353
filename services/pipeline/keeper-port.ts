import type { SecretConfig } from '../../schemas/secrets.ts'
import type { Problem } from './errors.ts'

/** One version of a secret as its keeper has it. `value` never leaves the work that asked for it. */
export type KeptVersion = {
  /** The keeper's own name of the version. */
  keeperVersion: string
  value: string
  /** The issuer's name of the value, where the secret says it. */
  handle?: string | undefined
  /** `<rotation id>.<attempt>` that wrote it. */
  rotation?: string | undefined
  /** The secret's other text fields: a user name. Absent: this keeper cannot say. */
  fields?: Record<string, string> | undefined
}
export type KeptSecret = {
  /** What consumers read by name. */
  current?: KeptVersion | undefined
  /** Written and not promoted. */
  staged?: KeptVersion | undefined
}
export type NewVersion = {
  value: string
  handle: string
  /** More fields of the secret, not secret themselves: a user name. */
  fields?: Record<string, string> | undefined
  rotation: string
  attempt: number
}
/** The mark of an attempt: what the keeper's version says of itself. */
export const markOf = ({ rotation, attempt }: Pick<NewVersion, 'rotation' | 'attempt'>) => `${rotation}.${attempt}`
/** Whether a rotation wrote the version that has this mark. */
export const isMarkOf = (rotation: string, mark: string | undefined): boolean =>
  mark?.startsWith(`${rotation}.`) ?? false
/** What its issuer calls the value, or else its place at the keeper. */
export const handleOf = ({ handle, keeperVersion }: Pick<KeptVersion, 'handle' | 'keeperVersion'>) =>
  handle ?? keeperVersion
export type Failed = { problem: Problem }

/**
 * Where consumers read a secret by name. Every step is idempotent: it looks before it writes, and one rotation leaves at most
 * one new version, whoever asks how often.
 */
export type Keeper = {
  read(secret: SecretConfig): Promise<KeptSecret | Failed>
  /** `conflict`: the keeper has one version for a rotation, and it holds what another attempt issued. Nothing was changed. */
  stage(secret: SecretConfig, version: NewVersion): Promise<{ keeperVersion: string } | { conflict: true } | Failed>
  /** Takes away what was staged and not promoted; where the store can, a promotion that is still under way has no effect after it. */
  unstage(secret: SecretConfig): Promise<object | Failed>
  /** `expected`: the version that consumers read until now; another one there is a `conflict`, and nothing was changed. */
  promote(
    secret: SecretConfig,
    staged: KeptVersion,
    expected: KeptVersion | undefined,
  ): Promise<{ keeperVersion: string } | { conflict: true } | Failed>
  /** Closes every version but the current one. The closed ones' names; with nothing left to close, none. */
  retire(secret: SecretConfig, keep: string): Promise<{ retired: string[] } | Failed>
  /** Where the store makes, sets and publishes this secret's new version by itself: then `stage` is never asked for. */
  native?(secret: SecretConfig): NativeRotation | undefined
}

/** RotateSecret with its Lambda, a static role of a database engine. */
export type NativeRotation = {
  /** Idempotent by the rotation's id where the store can be told one. */
  start(secret: SecretConfig, rotation: string): Promise<object | Failed>
  /** `known`: the handle of the version that the facts hold for current. `idle`: nothing was started since. */
  progress(
    secret: SecretConfig,
    rotation: string,
    known: string | undefined,
  ): Promise<
    | { state: 'idle' | 'running' }
    | { state: 'done'; version: KeptVersion }
    | { state: 'failed'; reason: string }
    | Failed
  >
}
