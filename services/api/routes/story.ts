import type { FastifyInstance } from 'fastify'
import { z } from 'zod'
import { canaryTenant } from '../../../schemas/http.ts'
import type { GrantStory } from '../../../schemas/http-story.ts'
import { principalOf, requires } from '../authenticate.ts'
import type { ApiParts } from '../ports.ts'
import { checked, HttpProblem, mustExist, readState } from '../problems.ts'
import { tellStory } from '../story/tell-story.ts'

const path = z.object({ id: z.string().regex(/^[0-9a-f]{4,32}$/) })

/** GET /v1/grants/{id}/story: everything that is known of one grant, in order. The beginning of an id is enough. */
export const storyRoute = (app: FastifyInstance, parts: ApiParts): void => {
  app.get('/v1/grants/:id/story', { onRequest: requires(parts, 'viewer') }, async (request): Promise<GrantStory> => {
    const { id } = checked(path, request.params, 'path')
    const { tenant } = principalOf(request)
    const found = await readState(() => parts.read.story([tenant, canaryTenant], id))
    mustExist(found, 'grant')
    if (found === 'ambiguous')
      throw new HttpProblem(400, 'ambiguous', 'More than one grant begins like this: give more of its id.')
    return tellStory(found, parts.now())
  })
}
