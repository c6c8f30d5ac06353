import type { FastifyInstance, FastifyReply } from 'fastify'
import { randomId } from '../../pipeline/ids.ts'
import { principalOf, requires } from '../authenticate.ts'
import { liveHub, type Viewer } from '../live/live-hub.ts'
import { pageSections } from '../live/page-sections.ts'
import type { ApiParts } from '../ports.ts'
import { HttpProblem } from '../problems.ts'

const mostViewers = 200
/** A viewer whose connection holds more than this back is dropped: it comes again by itself. */
const mostUnsentBytes = 1_000_000
/** Then the viewer comes again: who may see is asked anew. */
const longestMs = 15 * 60_000
const away = {
  code: 'state_unavailable',
  message: 'Curfew cannot read its state (Redis is away): nothing is known of this moment.',
}

/**
 * GET /v1/stream: Server-Sent Events for viewers. `change`: how things stand, at once, then what has changed, at most once a
 * second; `trouble`: it cannot be read now. With `Last-Event-ID`, only what changed since.
 */
export const streamRoute = (app: FastifyInstance, parts: ApiParts): void => {
  const hub = liveHub({ sections: pageSections(parts), now: parts.now, boot: randomId(), trouble: away })
  app.addHook('preClose', () => hub.close())
  app.get('/v1/stream', { onRequest: requires(parts, 'viewer') }, (request, reply) => {
    if (hub.viewers() >= mostViewers)
      throw new HttpProblem(503, 'too_many_viewers', 'Too many pages are open on this Curfew: close some.', 10_000)
    const last = request.headers['last-event-id']
    const viewer = viewerOf(principalOf(request).tenant, reply)
    const leave = hub.join(viewer, typeof last === 'string' ? last : undefined)
    const ends = setTimeout(leave, longestMs)
    request.raw.socket.setNoDelay(true)
    reply.raw.once('close', () => {
      clearTimeout(ends)
      leave()
    })
  })
}

const viewerOf = (tenant: string, reply: FastifyReply): Viewer => {
  reply.hijack()
  const { raw } = reply
  raw.writeHead(200, {
    'content-type': 'text/event-stream; charset=utf-8',
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    'x-accel-buffering': 'no',
  })
  raw.write('retry: 2000\n\n')
  return {
    tenant,
    send: (event, id, data) => {
      if (raw.destroyed || raw.writableLength > mostUnsentBytes) return false
      // JSON has no line break: one data line is the whole message.
      raw.write(`${id === undefined ? '' : `id: ${id}\n`}event: ${event}\ndata: ${data}\n\n`)
      return true
    },
    drop: () => {
      // What a slow reader has not taken is not waited for.
      if (raw.writableLength > mostUnsentBytes) raw.destroy()
      else raw.end()
    },
  }
}
