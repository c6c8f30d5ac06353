import type { FastifyInstance } from 'fastify'
import { queries } from '../../../schemas/http-queries.ts'
import type { DeadLetterList } from '../../../schemas/http-replay.ts'
import { principalOf, requires } from '../authenticate.ts'
import type { ApiParts } from '../ports.ts'
import { checked, readKafka } from '../problems.ts'

/** GET /v1/dead-letters: what could not be taken in, and why, the newest first. Never a payload. */
export const deadLettersRoute = (app: FastifyInstance, parts: ApiParts): void => {
  app.get('/v1/dead-letters', { onRequest: requires(parts, 'viewer') }, async (request): Promise<DeadLetterList> => {
    const asked = checked(queries.deadLetters, request.query, 'query')
    return readKafka(() => parts.replay.letters(principalOf(request), asked))
  })
}
