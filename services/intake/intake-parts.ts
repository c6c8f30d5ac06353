import type { Admin, Kafka } from 'kafkajs'
import type { Principal } from '../../schemas/config.ts'
import type { Fact } from '../../schemas/facts.ts'
import type { PassCrashPoint } from '../pipeline/crash-points.ts'
import type { FactLog } from '../pipeline/ports.ts'
import type { OffsetGap } from './offset-guard.ts'
import type { RawEvent } from './parse-event.ts'

export type IntakeConsumerParts = {
  kafka: Kafka
  admin: Admin
  group: string
  /** Which principal each input topic's writers are. */
  topics: ReadonlyMap<string, Principal>
  deadLetterTopic: string
  acceptGap: boolean
  facts: FactLog
  /** Throws RejectedEvent for what no repetition mends, FingerprintsUnavailable for what must be tried again. */
  factsOf(raw: RawEvent, principal: Principal, receivedAt: number, topic: string): Promise<Fact[]>
  /** undefined: the facts are not folded yet. */
  groupHasBegun(): Promise<boolean | undefined>
  crashPoint: PassCrashPoint
  onGap(gaps: OffsetGap[]): Promise<void>
  onFatal(reason: string, error: unknown): void
  onRead(topic: string, events: number): void
  onRejected(topic: string, reason: string): void
  /** Messages that wait for a store to answer: their offset, and what lies behind them, is not committed meanwhile. */
  onWaiting(topic: string, stores: string[], messages: number): void
}
