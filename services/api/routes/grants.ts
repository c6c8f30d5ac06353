import type { FastifyInstance } from 'fastify'
import { z } from 'zod'
import { canaryTenant, type GrantList } from '../../../schemas/http.ts'
import { queries } from '../../../schemas/http-queries.ts'
import { hexId } from '../../../schemas/primitives.ts'
import { principalOf, requires } from '../authenticate.ts'
import type { ApiParts } from '../ports.ts'
import { checked, mustExist, readState } from '../problems.ts'

/** GET /v1/grants: without an outcome, next to die first; of one session: all. GET /v1/grants/{id}: one, dead or alive. */
export const grantsRoute = (app: FastifyInstance, parts: ApiParts): void => {
  app.get('/v1/grants', { onRequest: requires(parts, 'viewer') }, async (request): Promise<GrantList> => {
    const { alivePastDue, session, limit } = checked(queries.grants, request.query, 'query')
    const { tenant } = principalOf(request)
    // What is alive past due is everybody's business, the canary included.
    const tenants = alivePastDue || session !== undefined ? [tenant, canaryTenant] : [tenant]
    if (session === undefined) return readState(() => parts.read.grants({ tenants, alivePastDue, limit }))
    const detail = await readState(() => parts.read.session(tenants, session))
    mustExist(detail, 'session')
    const past = (state: string) => state !== 'live' && state !== 'settled'
    const grants = detail.grants.filter(one => !alivePastDue || past(one.state))
    return { grants: grants.slice(0, limit), complete: grants.length <= limit }
  })
  app.get('/v1/grants/:id', { onRequest: requires(parts, 'viewer') }, async request => {
    const { id } = checked(z.object({ id: hexId }), request.params, 'path')
    const { tenant } = principalOf(request)
    const found = await readState(() => parts.read.grant([tenant, canaryTenant], id))
    mustExist(found, 'grant')
    return found
  })
}
