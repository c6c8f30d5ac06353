import type { FastifyInstance } from 'fastify'
import { z } from 'zod'
import {
  type RotationAnswer,
  rotationRequest,
  type SecretDetail,
  type SecretEntry,
  type SecretList,
} from '../../../schemas/http-secrets.ts'
import { storeId } from '../../../schemas/primitives.ts'
import { randomId, rotationId } from '../../pipeline/ids.ts'
import { principalOf, requires } from '../authenticate.ts'
import type { ApiParts } from '../ports.ts'
import { checked, jsonBody, mustExist, readState } from '../problems.ts'

/** GET /v1/secrets, GET /v1/secrets/{id}, POST /v1/rotations: a command becomes a fact, and the work does the rest. */
export const secretsRoute = (app: FastifyInstance, parts: ApiParts): void => {
  const { read } = parts
  app.get('/v1/secrets', { onRequest: requires(parts, 'viewer') }, async (request): Promise<SecretList> => {
    const { tenant } = principalOf(request)
    return { secrets: await readState(() => read.secrets([tenant])) }
  })
  app.get('/v1/secrets/:id', { onRequest: requires(parts, 'viewer') }, async (request): Promise<SecretDetail> => {
    const { id } = checked(z.object({ id: storeId }), request.params, 'path')
    const found = await readState(() => read.secret([principalOf(request).tenant], id))
    mustExist(found, 'secret')
    return found
  })
  app.post('/v1/rotations', { onRequest: requires(parts, 'revoker') }, async (request, reply) => {
    const { secret, compromised, reason, dryRun } = jsonBody(rotationRequest, request.body)
    const principal = principalOf(request)
    const found = await readState(() => read.secret([principal.tenant], secret))
    mustExist(found, 'secret')
    const answer = { plan: planOf(found.secret, compromised), secret: found.secret }
    if (dryRun) return reply.code(200).send(answer satisfies RotationAnswer)
    const event = randomId()
    const rotation = rotationId(secret, `on_demand|${event}`)
    const cause = 'on_demand' as const
    const base = { v: 1, at: parts.now(), event, by: principal.id } as const
    const version = compromised ? found.secret.current?.credential : undefined
    const named = version === undefined ? {} : { version }
    await parts.append([
      { ...base, kind: 'rotation.requested', secret, rotation, cause, compromised, reason, ...named },
      // Asked for again if it is rolled back, and dead in any case when half of the rotation's bound is over.
      ...(version === undefined ? [] : [{ ...base, kind: 'forced' as const, cid: version, reason }]),
    ])
    parts.log({ msg: 'rotation requested', secret, rotation, compromised })
    return reply.code(202).send({ ...answer, rotation } satisfies RotationAnswer)
  })
}

const planOf = ({ keeper, issuer, current, rotation, living }: SecretEntry, compromised: boolean): string[] => [
  ...(rotation
    ? [`wait for the rotation that is under way (${rotation.cause}, ${rotation.steps.at(-1)?.step ?? 'waiting'})`]
    : []),
  `issue a new value at ${issuer}, stage it beside ${keeper.name} in ${keeper.store}, use it, promote it`,
  compromised
    ? 'no overlap: the old value is revoked as soon as the new one is in its place'
    : 'tell the consumers, let the overlap pass, then revoke the old value',
  `prove ${current?.keeperVersion === undefined ? 'the old value' : `version ${current.keeperVersion}`} refused${living > 0 ? `, and ${living} before it` : ''}`,
  `close every older version in ${keeper.store}`,
]
