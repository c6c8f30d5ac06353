import { readFileSync } from 'node:fs'
import type { FastifyInstance } from 'fastify'
import { openApi } from '../../../schemas/openapi.ts'
import { requires } from '../authenticate.ts'
import type { ApiParts } from '../ports.ts'

/** GET /v1/openapi.json: what this very process serves. Made at the first question. */
export const openApiRoute = (app: FastifyInstance, parts: ApiParts): void => {
  let document: object | undefined
  app.get('/v1/openapi.json', { onRequest: requires(parts, 'known') }, () => {
    document ??= openApi(versionOf(readFileSync(new URL('../../../package.json', import.meta.url), 'utf8')))
    return Promise.resolve(document)
  })
}

const versionOf = (text: string): string => (JSON.parse(text) as { version: string }).version
