import type { FastifyInstance } from 'fastify'
import type { Status } from '../../../schemas/status.ts'
import { requires } from '../authenticate.ts'
import type { ApiParts } from '../ports.ts'
import { readState } from '../problems.ts'
import { wholeStatus } from '../whole-status.ts'

/** GET /v1/status: the five questions, with one verdict for every surface. */
export const statusRoute = (app: FastifyInstance, parts: ApiParts): void => {
  app.get(
    '/v1/status',
    { onRequest: requires(parts, 'viewer') },
    (): Promise<Status> => readState(() => wholeStatus(parts)),
  )
}
