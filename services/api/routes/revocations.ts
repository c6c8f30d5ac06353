import type { FastifyInstance } from 'fastify'
import type { Principal } from '../../../schemas/config.ts'
import type { Fact } from '../../../schemas/facts.ts'
import {
  type GrantEntry,
  type RevocationAnswer,
  type RevocationRequest,
  revocationRequest,
} from '../../../schemas/http.ts'
import { randomId, sessionKey } from '../../pipeline/ids.ts'
import { principalOf, requires } from '../authenticate.ts'
import type { ApiParts } from '../ports.ts'
import { jsonBody, mustExist, readState } from '../problems.ts'

/** POST /v1/revocations: a command becomes a fact like every other event, and the work does the rest. */
export const revocationsRoute = (app: FastifyInstance, parts: ApiParts): void => {
  app.post('/v1/revocations', { onRequest: requires(parts, 'revoker') }, async (request, reply) => {
    const command = jsonBody(revocationRequest, request.body)
    const principal = principalOf(request)
    const reached = await reach(parts, command, principal.tenant)
    const fact = factOf(command, principal, parts.now(), reached?.[0]?.credential)
    await parts.append([fact])
    parts.log({ msg: 'forced', event: fact.event, cause: fact.kind })
    const living = reached?.filter(one => one.state !== 'settled')
    const counts = living && reached ? { planned: living, alreadySettled: reached.length - living.length } : {}
    return reply.code(202).send({ facts: 1, ...counts } satisfies RevocationAnswer)
  })
}

/**
 * Undefined: the state cannot be read. A session's end needs no look at it and is taken anyway: killing must not wait for
 * Redis. A grant's credential is only known there.
 */
const reach = async (
  { read }: ApiParts,
  command: RevocationRequest,
  tenant: string,
): Promise<GrantEntry[] | undefined> => {
  if ('grant' in command) {
    const found = await readState(() => read.grant([tenant], command.grant))
    mustExist(found, 'grant')
    return [found]
  }
  const { session, task } = command
  const detail = await read.session([tenant], session).catch(() => 'unreadable' as const)
  if (detail === 'unreadable') return undefined
  mustExist(detail, 'session')
  return detail.grants.filter(one => task === undefined || one.tasks.includes(task))
}

const factOf = (command: RevocationRequest, principal: Principal, at: number, cid: string | undefined): Fact => {
  const { reason } = command
  const base = { v: 1, at, event: randomId(), by: principal.id } as const
  if ('grant' in command) return { ...base, kind: 'forced', cid: cid ?? '', reason }
  const sid = sessionKey(principal.tenant, command.session)
  const end = { ...base, sid, cause: 'forced', reason } as const
  return command.task === undefined
    ? { ...end, kind: 'session.ended' }
    : { ...end, kind: 'task.ended', task: command.task }
}
