import { z } from 'zod'
import { type HttpRoute, httpRoutes, httpShapes } from './http-routes.ts'

/** The HTTP API as others see it, made of the table of routes and of the schemas that check what comes in. */
export const openApi = (version: string) => ({
  openapi: '3.1.0',
  info: {
    title: 'Curfew',
    version,
    description: `Revokes every credential of a finished or leaked agent session, and proves each one dead.

Generated from schemas/ by \`npm run schemas\`. Times are epoch milliseconds. No field carries a credential's value in clear: what must be
shown comes as a JWE to the key of \`GET /v1/keys\`. An answer that is not a 2xx has \`code\` and \`message\`; a 503 says \`Retry-After\`, and
nothing was done.`,
    license: { name: 'Apache-2.0', url: 'https://www.apache.org/licenses/LICENSE-2.0' },
  },
  servers: [{ url: 'http://127.0.0.1:7440', description: 'The default of `api` in the config.' }],
  paths: paths(),
  components: {
    schemas: schemas(),
    securitySchemes: {
      bearer: {
        type: 'http',
        scheme: 'bearer',
        description:
          'A token of `principals` in the config, of this machine (`api.json`), or an access token of an issuer in `api.oidc`.',
      },
    },
  },
})

const documented = () => httpRoutes.filter(route => !route.undocumented)
const named = (path: string) => path.replaceAll(/:(\w+)/g, '{$1}').replace('*', '{below}')

const paths = () => {
  const byPath = Map.groupBy(documented(), route => named(route.path))
  return Object.fromEntries(
    [...byPath].map(([path, routes]) => [
      path,
      Object.fromEntries(routes.map(route => [route.method.toLowerCase(), operation(route)])),
    ]),
  )
}

const operation = (route: HttpRoute) => ({
  operationId: `${route.method.toLowerCase()}${named(route.path).replaceAll(/[^a-z]+([a-z]|$)/gi, (_all, letter: string) => letter.toUpperCase())}`,
  summary: route.summary,
  description: whoText(route.who),
  security: Array.isArray(route.who) ? [{ bearer: [] }] : [],
  parameters: [...pathParameters(route), ...queryParameters(route)],
  ...(route.body === undefined ? {} : { requestBody: { required: true, content: content(route.body) } }),
  responses: {
    ...Object.fromEntries(Object.entries(route.answers).map(([status, shape]) => [status, answer(shape)])),
    default: { description: 'What happened and what it means.', content: content('Error') },
  },
})

const whoText = (who: HttpRoute['who']): string => {
  if (who === 'nobody') return 'No token is needed.'
  if (who === 'signature') return 'The signature of the sender is needed, as its dialect makes it.'
  return who.includes('known') ? 'Any principal.' : `Needs: ${who.join(' or ')}.`
}

const pathParameters = ({ path }: HttpRoute) =>
  [...named(path).matchAll(/\{(\w+)\}/g)].map(([, name]) => ({
    name,
    in: 'path',
    required: true,
    schema: { type: 'string' },
  }))

/** What a query means after it was read: `limit` is a number although it comes as text. */
const queryParameters = ({ query }: HttpRoute) =>
  Object.entries(query?.shape ?? {}).map(([name, shape]) => {
    const { $schema: _, ...schema } = z.toJSONSchema(shape as z.ZodType, {
      io: 'output',
      unrepresentable: 'any',
      override: ({ zodSchema, jsonSchema }) => {
        if (zodSchema._zod.def.type === 'transform') jsonSchema.type = 'boolean'
      },
    })
    return { name, in: 'query', required: false, schema }
  })

const answer = (shape: string) =>
  shape === 'nothing' ? { description: 'Taken.' } : { description: 'As asked.', content: content(shape) }
const content = (shape: string) => {
  if (shape === 'text') return { 'text/plain': { schema: { type: 'string' } } }
  if (shape === 'html') return { 'text/html': { schema: { type: 'string' } } }
  if (shape === 'any') return { 'application/json': { schema: {} } }
  return { 'application/json': { schema: { $ref: `#/components/schemas/${shape}` } } }
}

const schemas = () => {
  const registry = z.registry<{ id: string }>()
  for (const [id, shape] of Object.entries(httpShapes)) registry.add(shape, { id })
  const made = z.toJSONSchema(registry, { io: 'input', uri: id => `#/components/schemas/${id}` })
  return Object.fromEntries(
    Object.entries(made.schemas).map(([id, { $schema: _schema, $id: _id, ...schema }]) => [id, schema]),
  )
}
