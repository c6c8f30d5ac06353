import type { FastifyInstance } from 'fastify'
import type { ApiParts } from '../ports.ts'
import { selfReasons } from '../verdict.ts'

/** GET /healthz: 200 only while every canary dies and is proven dead; otherwise 503 and why. GET /metrics. No token needed. */
export const healthRoute = (app: FastifyInstance, parts: ApiParts): void => {
  app.get('/healthz', async (_request, reply) => {
    const reasons = await problems(parts)
    return reply.code(reasons.length === 0 ? 200 : 503).send({ healthy: reasons.length === 0, reasons })
  })
  app.get('/metrics', async (_request, reply) => {
    const { contentType, text } = await parts.metrics()
    return reply.header('content-type', contentType).send(text)
  })
}

const problems = async ({ read }: ApiParts): Promise<string[]> => {
  try {
    const [canaries, skewMs] = await Promise.all([read.canaries(), read.clockSkewMs()])
    const { wrong, unknown } = selfReasons(canaries, skewMs)
    return [...wrong, ...unknown]
  } catch {
    return ['the state cannot be read: Redis is away']
  }
}
