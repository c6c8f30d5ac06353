import type { FastifyInstance, FastifyRequest } from 'fastify'
import { RejectedEvent } from '../../pipeline/errors.ts'
import { fixedWindow } from '../fixed-window.ts'
import type { ApiParts, Delivery, InboxSender } from '../ports.ts'
import { HttpProblem } from '../problems.ts'

const bodyLimit = 1024 * 1024
type Path = { sender: string; '*'?: string }

/**
 * POST /v1/inbox/{sender}: a webhook in the sender's own dialect. Nothing of it is read before its signature, and a 2xx means
 * that what it says is durable. A few dialects have paths of their own below it.
 */
export const inboxRoute = (app: FastifyInstance, parts: ApiParts): void => {
  const windows = new Map([...parts.inbox].map(([id, { perMinute }]) => [id, fixedWindow(perMinute, 60_000)]))
  const admit = (id: string) => {
    // After the signature: who forges cannot use up a sender's room.
    const waitMs = windows.get(id)?.(parts.now()) ?? 0
    if (waitMs > 0)
      throw new HttpProblem(429, 'too_many', 'This sender sends too much: wait, then send it again.', waitMs)
  }
  const known = (request: FastifyRequest): { sender: InboxSender; path: Path } => {
    const path = request.params as Path
    const sender = parts.inbox.get(path.sender)
    if (!sender) throw new HttpProblem(404, 'no_such_sender', 'The config has no sender of that name.')
    return { sender, path }
  }
  // Before the body is read.
  const onRequest = async (request: FastifyRequest) => {
    const { sender, path } = known(request)
    const below = path['*']
    const served = request.method === 'GET' ? Object.hasOwn(sender.gets ?? {}, below ?? '') : below === sender.path
    if (below !== undefined && !served) throw new HttpProblem(404, 'no_such_route', 'There is no such route.')
  }
  for (const url of ['/v1/inbox/:sender', '/v1/inbox/:sender/*'])
    app.post(url, { bodyLimit, onRequest }, async (request, reply) => {
      const { sender, path } = known(request)
      const delivery = deliveryOf(request, parts.now())
      const accept = async () => {
        await sender.verify(delivery)
        admit(path.sender)
        return sender.accept(delivery)
      }
      try {
        const answer = await accept()
        const status = sender.acceptedWith ?? 202
        return reply.code(status).send(status === 204 || sender.answers ? undefined : answer)
      } catch (error) {
        if (!sender.answers || !(error instanceof RejectedEvent)) throw error
        return reply.code(400).send(sender.answers.refused(error.code, error.message))
      }
    })
  app.get('/v1/inbox/:sender/*', { onRequest }, async request => {
    const { sender, path } = known(request)
    await sender.verify(deliveryOf(request, parts.now()))
    admit(path.sender)
    return sender.gets?.[path['*'] ?? '']
  })
}

/** `receivedAt`: the one stamp of a delivery. */
const deliveryOf = (request: FastifyRequest, receivedAt: number): Delivery => ({
  headers: Object.fromEntries(
    Object.entries(request.headers).map(([name, value]) => [name, Array.isArray(value) ? value.join(',') : value]),
  ),
  body: request.body instanceof Buffer ? request.body : Buffer.alloc(0),
  receivedAt,
})
