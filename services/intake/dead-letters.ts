import { createHash } from 'node:crypto'
import type { Producer } from 'kafkajs'

/** Where it came from and why, never the payload: it may hold a secret. */
export type DeadLetter = {
  reason: string
  detail: string
  topic: string
  partition: number
  offset: string
  payloadSha256: string
  receivedAt: number
  principal: string
}

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
