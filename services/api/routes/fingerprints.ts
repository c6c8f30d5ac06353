import type { FastifyInstance } from 'fastify'
import { fingerprintRequest } from '../../../schemas/http.ts'
import { requires } from '../authenticate.ts'
import type { ApiParts } from '../ports.ts'
import { jsonBody } from '../problems.ts'

/** POST /v1/fingerprints: a sealed value is opened here, at the edge, fingerprinted and forgotten. GET /v1/keys: to seal it. */
export const fingerprintsRoute = (app: FastifyInstance, parts: ApiParts): void => {
  app.post('/v1/fingerprints', { onRequest: requires(parts, 'viewer') }, async request => {
    const { sealed } = jsonBody(fingerprintRequest, request.body)
    return { fingerprints: await parts.fingerprints(sealed) }
  })
  app.get('/v1/keys', { onRequest: requires(parts, 'known') }, () => Promise.resolve({ keys: [parts.publicKey] }))
}
