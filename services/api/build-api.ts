import Fastify, { type FastifyInstance, type onRouteHookHandler } from 'fastify'
import type { ApiParts } from './ports.ts'
import { answerProblems } from './problems.ts'
import { deadLettersRoute } from './routes/dead-letters.ts'
import { doctorRoute } from './routes/doctor.ts'
import { eventsRoute } from './routes/events.ts'
import { fingerprintsRoute } from './routes/fingerprints.ts'
import { grantsRoute } from './routes/grants.ts'
import { healthRoute } from './routes/health.ts'
import { heldRoute } from './routes/held.ts'
import { inboxRoute } from './routes/inbox.ts'
import { lagRoute } from './routes/lag.ts'
import { leaksRoute } from './routes/leaks.ts'
import { openApiRoute } from './routes/openapi.ts'
import { pageRoute } from './routes/page.ts'
import { plansRoute } from './routes/plans.ts'
import { receiptsRoute } from './routes/receipts.ts'
import { replaysRoute } from './routes/replays.ts'
import { revocationsRoute } from './routes/revocations.ts'
import { secretsRoute } from './routes/secrets.ts'
import { sessionsRoute } from './routes/sessions.ts'
import { ssfRoute } from './routes/ssf.ts'
import { statusRoute } from './routes/status.ts'
import { storyRoute } from './routes/story.ts'
import { streamRoute } from './routes/stream.ts'

const maxBodyBytes = 256 * 1024

/** The HTTP API without a socket: tests call it by `inject`. Nothing is logged of a request. */
export const buildApi = (parts: ApiParts, onRoute?: onRouteHookHandler): FastifyInstance => {
  const app = Fastify({ logger: false, bodyLimit: maxBodyBytes, requestTimeout: 30_000, connectionTimeout: 90_000 })
  if (onRoute) app.addHook('onRoute', onRoute)
  const closing = new AbortController()
  app.addHook('preClose', () => Promise.resolve(closing.abort()))
  app.decorateRequest('principal', undefined)
  // Bodies stay bytes: each route parses its own, and no parser's error text can quote one.
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body))
  answerProblems(app, parts.log)
  eventsRoute(app, parts)
  sessionsRoute(app, parts, closing.signal)
  grantsRoute(app, parts)
  storyRoute(app, parts)
  receiptsRoute(app, parts)
  revocationsRoute(app, parts)
  deadLettersRoute(app, parts)
  replaysRoute(app, parts)
  doctorRoute(app, parts)
  plansRoute(app, parts)
  heldRoute(app, parts)
  secretsRoute(app, parts)
  fingerprintsRoute(app, parts)
  leaksRoute(app, parts)
  inboxRoute(app, parts)
  ssfRoute(app, parts, closing.signal)
  statusRoute(app, parts)
  healthRoute(app, parts)
  lagRoute(app, parts)
  streamRoute(app, parts)
  pageRoute(app)
  openApiRoute(app, parts)
  return app
}
