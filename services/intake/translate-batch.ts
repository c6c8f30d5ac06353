import type { KafkaMessage } from 'kafkajs'
import type { Principal } from '../../schemas/config.ts'
import type { DeadLetter } from '../../schemas/dead-letter.ts'
import type { Fact } from '../../schemas/facts.ts'
import { FingerprintsUnavailable, RejectedEvent } from '../pipeline/errors.ts'
import { payloadHash } from './dead-letters.ts'
import type { IntakeConsumerParts } from './intake-parts.ts'
import type { RawEvent } from './parse-event.ts'

export type Messages = { topic: string; partition: number; messages: KafkaMessage[] }
/** A store is asked about each leak: a long batch of them must not outlast the session. */
const heartbeatMs = 1_000

export type Translated = { facts: Fact[]; letters: DeadLetter[]; waiting: KafkaMessage[]; stores: string[] }

/**
 * Bad input never throws: a poison message would block its partition for ever. What a store must be asked about and cannot
 * now is neither translated nor rejected: it waits, while what is known of it and of all others acts.
 */
export const translateBatch = async (
  parts: Pick<IntakeConsumerParts, 'factsOf'>,
  principal: Principal,
  { topic, partition, messages }: Messages,
  heartbeat: () => Promise<void>,
): Promise<Translated> => {
  const done: Translated = { facts: [], letters: [], waiting: [], stores: [] }
  let heardAt = performance.now()
  for (const message of messages) {
    const receivedAt = Number(message.timestamp)
    try {
      done.facts.push(...(await parts.factsOf(rawEvent(message), principal, receivedAt, topic)))
    } catch (error) {
      if (error instanceof FingerprintsUnavailable) {
        done.facts.push(...error.facts)
        done.waiting.push(message)
        done.stores = [...new Set([...done.stores, ...error.stores])]
      } else done.letters.push(letterOf(error, { topic, partition, message, receivedAt, principal: principal.id }))
    }
    // Not inside the try: a rebalance that it tells of is no fault of the message.
    if (performance.now() - heardAt > heartbeatMs) {
      await heartbeat()
      heardAt = performance.now()
    }
  }
  return done
}

type Origin = Pick<DeadLetter, 'topic' | 'partition' | 'receivedAt' | 'principal'> & { message: KafkaMessage }

const letterOf = (error: unknown, { message, ...origin }: Origin): DeadLetter => {
  const rejected = error instanceof RejectedEvent ? error : new RejectedEvent('internal', 'could not be translated')
  return {
    reason: rejected.code,
    detail: rejected.message,
    ...origin,
    offset: message.offset,
    payloadSha256: payloadHash(message.value),
  }
}

const rawEvent = (message: KafkaMessage): RawEvent => ({
  headers: Object.fromEntries(
    Object.entries(message.headers ?? {}).map(([name, value]) => [name.toLowerCase(), value?.toString()]),
  ),
  body: message.value,
  attributePrefix: 'ce_',
})
