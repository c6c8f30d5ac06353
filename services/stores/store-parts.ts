import type { Redis } from 'ioredis'
import type { Sealing } from '../pipeline/ports.ts'

/** Told of every call to a store; `result`: the answer's status, or why there was none. */
export type OnCall = (store: string, operation: string, result: string, ms: number) => void

/** What every store is given. */
export type StoreParts = {
  redis: Redis
  redisPrefix: string
  log(event: object): void
  onCall?: OnCall | undefined
  /** Opens what was sealed for a credential; seals what processes share (logins). */
  sealing: Sealing
}
