import type { FastifyInstance, FastifyRequest } from 'fastify'
import { z } from 'zod'
import { type SsfPoll, ssfPoll, ssfQuery, ssfVerification } from '../../../schemas/ssf.ts'
import { principalOf, requires } from '../authenticate.ts'
import type { ApiParts, SsfPort } from '../ports.ts'
import { checked, HttpProblem, jsonBody, readState } from '../problems.ts'

const path = z.object({ id: z.string() })
const longestPollMs = 25_000
const lookEveryMs = 250

/** Receivers of Security Event Tokens: where they find us, their streams, polling (RFC 8936), verification. */
export const ssfRoute = (app: FastifyInstance, parts: ApiParts, closing: AbortSignal): void => {
  const { ssf } = parts
  if (!ssf) return
  const known = { onRequest: requires(parts, 'known') }
  app.get('/.well-known/ssf-configuration', () => ssf.configuration)
  app.get('/v1/ssf/jwks', () => ssf.keys)
  app.get('/v1/ssf/streams', known, request => {
    const { stream_id: id } = checked(ssfQuery, request.query, 'query')
    if (id !== undefined) return ownStream(ssf, request, id).description
    return ssf.streams.filter(one => one.principal === principalOf(request).id).map(one => one.description)
  })
  app.get('/v1/ssf/status', known, request => {
    const { stream_id: id = '' } = checked(ssfQuery, request.query, 'query')
    return { stream_id: ownStream(ssf, request, id).id, status: 'enabled' }
  })
  app.post('/v1/ssf/verification', known, async (request, reply) => {
    const { stream_id: id, state } = jsonBody(ssfVerification, request.body)
    ownStream(ssf, request, id)
    const waitMs = await readState(() => ssf.verify(id, state))
    if (waitMs > 0) throw new HttpProblem(429, 'too_many', 'A verification is on its way: wait for it.', waitMs)
    return reply.code(204).send()
  })
  app.post('/v1/ssf/streams/:id/poll', known, async request => {
    const { id } = checked(path, request.params, 'path')
    if (!ownStream(ssf, request, id).polls) throw noSuchStream()
    return poll(ssf, id, jsonBody(ssfPoll, request.body), () => closing.aborted || request.raw.destroyed)
  })
}

/** Waits for something to say, unless it was asked not to; what was acknowledged is settled before. */
const poll = async (ssf: SsfPort, id: string, request: SsfPoll, stop: () => boolean) => {
  const until = performance.now() + longestPollMs
  let answer = await readState(() => ssf.poll(id, request))
  const again = { ...request, ack: [], setErrs: {} }
  while (request.maxEvents > 0 && !request.returnImmediately && Object.keys(answer.sets).length === 0) {
    if (stop() || performance.now() > until) break
    await new Promise(resolve => setTimeout(resolve, lookEveryMs))
    answer = await readState(() => ssf.poll(id, again))
  }
  return answer
}

/** Another receiver's stream does not exist. */
const ownStream = (ssf: SsfPort, request: FastifyRequest, id: string) => {
  const stream = ssf.streams.find(one => one.id === id && one.principal === principalOf(request).id)
  if (!stream) throw noSuchStream()
  return stream
}
const noSuchStream = () => new HttpProblem(404, 'no_such_stream', 'The config has no such stream for this principal.')
