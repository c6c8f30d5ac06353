import type { FastifyInstance } from 'fastify'
import type { DoctorReport } from '../../../schemas/http-doctor.ts'
import { queries } from '../../../schemas/http-queries.ts'
import { requires } from '../authenticate.ts'
import { fixedWindow } from '../fixed-window.ts'
import type { ApiParts } from '../ports.ts'
import { checked, HttpProblem, mustExist } from '../problems.ts'

/** GET /v1/doctor?store=: each right that revoking needs, as this process's own logins have it. It calls stores: rarely. */
export const doctorRoute = (app: FastifyInstance, parts: ApiParts): void => {
  const room = fixedWindow(10, 60_000)
  app.get('/v1/doctor', { onRequest: requires(parts, 'viewer') }, async (request): Promise<DoctorReport> => {
    const { store } = checked(queries.doctor, request.query, 'query')
    const waitMs = room(parts.now())
    if (waitMs > 0) throw new HttpProblem(429, 'too_many', 'Ten examinations a minute are enough.', waitMs)
    const lines = await parts.examine(store)
    mustExist(lines.length === 0 ? undefined : lines, 'store')
    return { lines }
  })
}
