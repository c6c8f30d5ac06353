import type { DeadLetterList } from '../../../schemas/http-replay.ts'
import { callApi } from '../call-api.ts'
import { CliFailure, exitCodes } from '../exit-codes.ts'
import type { Io } from '../io.ts'
import { lettersText, letterText } from '../text/replay-text.ts'
import { query } from './lists.ts'

export type DlqOptions = { topic?: string; reason?: string; all?: boolean; limit: string; json?: boolean }

/** Exit 1 where any is open. */
export const dlqCommand = async (io: Io, { topic, reason, all, limit, json }: DlqOptions): Promise<number> => {
  const asked = query({ topic, reason, limit, all: all ? 'true' : undefined })
  const list = await callApi(io)<DeadLetterList>('GET', `/v1/dead-letters?${asked}`)
  io.out(json ? JSON.stringify(list, undefined, 2) : lettersText(list, io.now()))
  return Object.keys(list.open).length === 0 ? exitCodes.done : exitCodes.notWell
}

export const dlqShowCommand = async (io: Io, { letter, json }: { letter: string; json?: boolean }): Promise<number> => {
  const list = await callApi(io)<DeadLetterList>('GET', `/v1/dead-letters?${query({ id: letter })}`)
  const [found] = list.letters
  if (!found)
    throw new CliFailure(
      exitCodes.usage,
      'no_such_letter',
      'There is no dead letter of that name: topic/partition/offset.\nnext: curfew dlq --all   lists them',
    )
  io.out(json ? JSON.stringify(found, undefined, 2) : letterText(found))
  return found.resolved ? exitCodes.done : exitCodes.notWell
}
