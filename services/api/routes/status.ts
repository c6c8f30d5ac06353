import type { FastifyInstance } from 'fastify'
import type { Status } from '../../../schemas/status.ts'
import { requires } from '../authenticate.ts'
import type { ApiParts } from '../ports.ts'
import { readState } from '../problems.ts'
import { judge } from '../verdict.ts'

/** GET /v1/status: the five questions, with one verdict for every surface. */
export const statusRoute = (app: FastifyInstance, parts: ApiParts): void => {
  app.get('/v1/status', { onRequest: requires(parts, 'viewer') }, async (): Promise<Status> => {
    const [state, canary] = await readState(() => Promise.all([parts.read.status(), parts.read.canary()]))
    return { ...judge(state, canary), ...state, canary, lastHour: parts.read.lastHour() }
  })
}
