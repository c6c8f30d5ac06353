import type { FastifyInstance } from 'fastify'
import { z } from 'zod'
import { replayPlan, replayRequest } from '../../../schemas/http-replay.ts'
import { principalOf, requires } from '../authenticate.ts'
import type { ApiParts } from '../ports.ts'
import { checked, jsonBody, mustExist, readKafka } from '../problems.ts'

const path = z.object({ plan: replayPlan.shape.plan })

/** POST /v1/replays: what would change. POST /v1/replays/{plan}: does it. GET /v1/replays/{plan}: how far it is. */
export const replaysRoute = (app: FastifyInstance, parts: ApiParts): void => {
  const onRequest = requires(parts, 'replayer')
  app.post('/v1/replays', { onRequest }, async request => {
    const { select } = jsonBody(replayRequest, request.body)
    return readKafka(() => parts.replay.plan(select, principalOf(request)))
  })
  app.post('/v1/replays/:plan', { onRequest }, async (request, reply) => {
    const { plan } = checked(path, request.params, 'path')
    const begun = await readKafka(() => parts.replay.apply(plan, principalOf(request)))
    mustExist(begun, 'replay')
    return reply.code(202).send(begun)
  })
  app.get('/v1/replays/:plan', { onRequest }, async request => {
    const { plan } = checked(path, request.params, 'path')
    const found = await readKafka(() => parts.replay.find(plan, principalOf(request)))
    mustExist(found, 'replay')
    return found
  })
}
