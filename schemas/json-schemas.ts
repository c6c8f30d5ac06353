import { z } from 'zod'
import { config } from './config.ts'
import { deadLetter } from './dead-letter.ts'
import { eventData } from './events.ts'
import { fact } from './facts.ts'
import { errorAnswer, grantList, receiptList, revocationRequest, sessionDetail, sessionList } from './http.ts'
import { lag } from './http-lag.ts'
import { pageChange } from './http-page.ts'
import { inboxAnswer, leaksAnswer, leaksRequest } from './leaks.ts'
import { mapping } from './mapping.ts'
import { outcomeEventData } from './outcome-events.ts'
import { preset } from './preset.ts'
import { receipt } from './receipt.ts'
import { status } from './status.ts'

/** JSON Schema (draft 2020-12) of every shape that crosses a boundary, by file name. */
export const jsonSchemas = (): Record<string, string> => {
  const shapes: Record<string, z.ZodType> = {
    config,
    fact,
    mapping,
    preset,
    receipt,
    status,
    'dead-letter': deadLetter,
    'http.session': sessionDetail,
    'http.sessions': sessionList,
    'http.grants': grantList,
    'http.receipts': receiptList,
    'http.revocation': revocationRequest,
    'http.leaks': leaksRequest,
    'http.leaks-answer': leaksAnswer,
    'http.inbox-answer': inboxAnswer,
    'http.lag': lag,
    'http.page': pageChange,
    'http.error': errorAnswer,
  }
  for (const [type, shape] of Object.entries({ ...eventData, ...outcomeEventData })) shapes[type] = shape
  return Object.fromEntries(
    Object.entries(shapes).map(([name, shape]) => [
      name,
      `${JSON.stringify(z.toJSONSchema(shape, { io: 'input' }), undefined, 2)}\n`,
    ]),
  )
}
