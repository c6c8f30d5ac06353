import type { FastifyInstance } from 'fastify'
import { z } from 'zod'
import { type DeadLetterList, recordId } from '../../../schemas/http-replay.ts'
import { principalOf, requires } from '../authenticate.ts'
import type { ApiParts } from '../ports.ts'
import { checked, readKafka } from '../problems.ts'
import { flag, limit } from './query.ts'

const query = z.object({
  topic: z.string().max(249).optional(),
  reason: z.string().max(64).optional(),
  id: recordId.optional(),
  /** The resolved ones too. */
  all: flag,
  limit,
})

/** GET /v1/dead-letters: what could not be taken in, and why, the newest first. Never a payload. */
export const deadLettersRoute = (app: FastifyInstance, parts: ApiParts): void => {
  app.get('/v1/dead-letters', { onRequest: requires(parts, 'viewer') }, async (request): Promise<DeadLetterList> => {
    const asked = checked(query, request.query, 'query')
    return readKafka(() => parts.replay.letters(principalOf(request), asked))
  })
}
