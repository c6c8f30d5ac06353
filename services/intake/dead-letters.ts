import { createHash } from 'node:crypto'
import type { Producer } from 'kafkajs'
import type { DeadLetter } from '../../schemas/dead-letter.ts'

export const payloadHash = (body: Buffer | null): string =>
  createHash('sha256')
    .update(body ?? '')
    .digest('hex')

/** Resolves when the dead letters are acknowledged; otherwise the input offset must not be committed. */
export const sendDeadLetters = async (producer: Producer, topic: string, letters: DeadLetter[]): Promise<void> => {
  if (letters.length === 0) return
  await producer.send({
    topic,
    acks: -1,
    messages: letters.map(letter => ({
      key: `${letter.topic}/${letter.partition}/${letter.offset}`,
      value: JSON.stringify(letter),
    })),
  })
}
