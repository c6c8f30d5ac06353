import type { KafkaMessage } from 'kafkajs'
import type { Principal } from '../../schemas/config.ts'
import type { Fact } from '../../schemas/facts.ts'
import { payloadHash } from './dead-letters.ts'
import type { IntakeConsumerParts } from './intake-parts.ts'
import { translateBatch } from './translate-batch.ts'

/** A record of an input topic, read again. `expected`: the payload's hash that a dead letter remembers. */
export type ReplayRecord = { topic: string; partition: number; message: KafkaMessage; expected?: string | undefined }
/** What intake says of it now. `id`: `topic/partition/offset`. */
export type Replayed = { id: string; payloadSha256: string } & (
  | { state: 'facts'; facts: Fact[] }
  | { state: 'refused'; code: string; detail: string }
)

export const recordIdOf = ({ topic, partition, offset }: { topic: string; partition: number; offset: string }) =>
  `${topic}/${partition}/${offset}`

type ReplayParts = Pick<IntakeConsumerParts, 'factsOf'> & { topics: ReadonlyMap<string, Principal> }

/**
 * Exactly what intake does with it: as the topic's principal, stamped with the broker's LogAppendTime. No effect of its own;
 * at most what intake would have stated then.
 */
export const replayRecord = async (parts: ReplayParts, record: ReplayRecord): Promise<Replayed> => {
  const { topic, partition, message, expected } = record
  const about = {
    id: recordIdOf({ topic, partition, offset: message.offset }),
    payloadSha256: payloadHash(message.value),
  }
  const refused = (code: string, detail: string): Replayed => ({ ...about, state: 'refused', code, detail })
  const principal = parts.topics.get(topic)
  if (!principal) return refused('not_an_input', 'its topic is not one of the input topics')
  if (expected !== undefined && expected !== about.payloadSha256)
    return refused('changed', 'another record lies there than the one that was refused: the topic was made anew')
  const done = await translateBatch(parts, principal, { topic, partition, messages: [message] }, () =>
    Promise.resolve(),
  )
  const letter = done.letters[0]
  if (letter) return refused(letter.reason, letter.detail)
  if (done.waiting.length > 0)
    return refused('not_now', `${done.stores.join(', ')} cannot be asked now whether it knows the leaked value`)
  return { ...about, state: 'facts', facts: done.facts }
}
