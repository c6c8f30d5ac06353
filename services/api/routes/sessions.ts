import type { FastifyInstance } from 'fastify'
import { z } from 'zod'
import { canaryTenant, type SessionDetail } from '../../../schemas/http.ts'
import { senderId } from '../../../schemas/primitives.ts'
import { principalOf, requires } from '../authenticate.ts'
import type { ApiParts } from '../ports.ts'
import { checked, mustExist, readState } from '../problems.ts'
import { limit } from './query.ts'

const listQuery = z.object({ limit })
const detailQuery = z.object({
  wait: z.enum(['closed']).optional(),
  timeoutMs: z.coerce.number().int().min(0).max(60_000).default(30_000),
})
const path = z.object({ id: senderId })
const pollMs = 100

/** GET /v1/sessions, and GET /v1/sessions/{id}?wait=closed&timeoutMs=: answers when it is closed, or at the timeout. */
export const sessionsRoute = (app: FastifyInstance, parts: ApiParts, closing: AbortSignal): void => {
  app.get('/v1/sessions', { onRequest: requires(parts, 'viewer') }, request => {
    const query = checked(listQuery, request.query, 'query')
    return readState(() => parts.read.sessions({ tenants: [principalOf(request).tenant], ...query }))
  })
  app.get('/v1/sessions/:id', { onRequest: requires(parts, 'lifecycle', 'viewer') }, async request => {
    const { id } = checked(path, request.params, 'path')
    const { wait, timeoutMs } = checked(detailQuery, request.query, 'query')
    const { tenant, may } = principalOf(request)
    const tenants = may.admin ? [tenant, canaryTenant] : [tenant]
    const read = () => readState(() => parts.read.session(tenants, id))
    const ended = AbortSignal.any([closing, AbortSignal.timeout(wait === 'closed' ? timeoutMs : 0)])
    const detail = wait === 'closed' ? await untilClosed(read, ended, () => request.raw.destroyed) : await read()
    mustExist(detail, 'session')
    return detail
  })
}

/** A session that is not known yet is waited for too: what was just acknowledged is folded a moment later. */
const untilClosed = async (
  read: () => Promise<SessionDetail | undefined>,
  ended: AbortSignal,
  gone: () => boolean,
): Promise<SessionDetail | undefined> => {
  for (;;) {
    const detail = await read()
    if (detail?.closed || ended.aborted || gone()) return detail
    await new Promise<void>(resolve => {
      const timer = setTimeout(done, pollMs)
      function done() {
        clearTimeout(timer)
        ended.removeEventListener('abort', done)
        resolve()
      }
      ended.addEventListener('abort', done)
    })
  }
}
