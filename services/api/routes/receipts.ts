import type { FastifyInstance } from 'fastify'
import { z } from 'zod'
import { planId } from '../../../schemas/force.ts'
import type { ReceiptList } from '../../../schemas/http.ts'
import { senderId } from '../../../schemas/primitives.ts'
import { principalOf, requires } from '../authenticate.ts'
import type { ApiParts } from '../ports.ts'
import { checked, mustExist, readState } from '../problems.ts'
import { limit } from './query.ts'

const query = z.object({
  /** Epoch ms. */
  since: z.coerce.number().int().min(0).default(0),
  session: senderId.optional(),
  /** Forced by this plan. */
  plan: planId.optional(),
  limit,
})

/** GET /v1/receipts?since=<ms>&session=&plan=&limit=: newest first. */
export const receiptsRoute = (app: FastifyInstance, parts: ApiParts): void => {
  app.get('/v1/receipts', { onRequest: requires(parts, 'viewer') }, async (request): Promise<ReceiptList> => {
    const { since, session, plan, limit } = checked(query, request.query, 'query')
    const tenants = [principalOf(request).tenant]
    if (session === undefined) return readState(() => parts.read.receipts({ tenants, since, limit, plan }))
    const detail = await readState(() => parts.read.session(tenants, session))
    mustExist(detail, 'session')
    const receipts = detail.receipts.filter(
      one => one.settledAt >= since && (plan === undefined || one.forced?.plan === plan),
    )
    return { receipts: receipts.slice(0, limit), complete: receipts.length <= limit }
  })
}
