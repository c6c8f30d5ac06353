import type { FastifyInstance } from 'fastify'
import { z } from 'zod'
import { type Lag, lagWindow } from '../../../schemas/http-lag.ts'
import { principalOf, requires } from '../authenticate.ts'
import type { ApiParts } from '../ports.ts'
import { checked } from '../problems.ts'

const query = z.object({ window: lagWindow.default('1h') })

/** GET /v1/lag?window=15m|1h|24h|7d: due -> first refusal, by time, store and cause. From the outcome facts: Redis may be away. */
export const lagRoute = (app: FastifyInstance, parts: ApiParts): void => {
  app.get('/v1/lag', { onRequest: requires(parts, 'viewer') }, async (request): Promise<Lag> => {
    const { window } = checked(query, request.query, 'query')
    return parts.read.lag({ tenants: [principalOf(request).tenant], window })
  })
}
