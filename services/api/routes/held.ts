import type { FastifyInstance } from 'fastify'
import { z } from 'zod'
import { canaryTenant, type GrantEntry, type GrantList } from '../../../schemas/http.ts'
import { principalOf, requires } from '../authenticate.ts'
import type { ApiParts } from '../ports.ts'
import { checked, readState } from '../problems.ts'
import { limit } from './query.ts'

/** GET /v1/held: inferred kills that wait over the cap. GET /v1/blocked: what its store does not let die, with why. */
export const heldRoute = (app: FastifyInstance, parts: ApiParts): void => {
  const listed = async (tenants: string[], state: GrantEntry['state'], most: number): Promise<GrantList> => {
    const all = await readState(() => parts.read.grants({ tenants, alivePastDue: true, limit: 10_000 }))
    const grants = all.grants.filter(one => one.state === state)
    return { grants: grants.slice(0, most), complete: all.complete && grants.length <= most }
  }
  const query = z.object({ limit })
  app.get('/v1/held', { onRequest: requires(parts, 'viewer') }, request =>
    listed([principalOf(request).tenant], 'held', checked(query, request.query, 'query').limit),
  )
  // What is alive past due is everybody's business, the canary included.
  app.get('/v1/blocked', { onRequest: requires(parts, 'viewer') }, request =>
    listed([principalOf(request).tenant, canaryTenant], 'blocked', checked(query, request.query, 'query').limit),
  )
}
