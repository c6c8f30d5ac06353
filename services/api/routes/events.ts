import type { FastifyInstance } from 'fastify'
import { principalOf, requires } from '../authenticate.ts'
import type { ApiParts } from '../ports.ts'

/** POST /v1/events: one CloudEvent, structured or binary. A 202 means that its facts are durable. */
export const eventsRoute = (app: FastifyInstance, parts: ApiParts): void => {
  app.post('/v1/events', { onRequest: requires(parts, 'known') }, async (request, reply) => {
    const headers = Object.fromEntries(
      Object.entries(request.headers).map(([name, value]) => [name, Array.isArray(value) ? value.join(',') : value]),
    )
    const body = request.body instanceof Buffer ? request.body : null
    // The one stamp of an HTTP event.
    const receivedAt = parts.now()
    const facts = await parts.acceptEvent({ headers, body, attributePrefix: 'ce-' }, principalOf(request), receivedAt)
    return reply.code(202).send({ facts })
  })
}
