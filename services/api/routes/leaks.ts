import type { FastifyInstance } from 'fastify'
import { leaksRequest } from '../../../schemas/leaks.ts'
import { principalOf, requires } from '../authenticate.ts'
import type { ApiParts } from '../ports.ts'
import { jsonBody, readState } from '../problems.ts'

/** POST /v1/leaks: findings with sealed values. Says of each how many known grants have its value; a dry run only asks. */
export const leaksRoute = (app: FastifyInstance, parts: ApiParts): void => {
  app.post('/v1/leaks', { onRequest: requires(parts, 'leak') }, async (request, reply) => {
    const { dryRun, findings } = jsonBody(leaksRequest, request.body)
    const principal = principalOf(request)
    const receivedAt = parts.now()
    const leaks = await Promise.all(findings.map(finding => parts.understandLeak(finding, principal, receivedAt)))
    const matched = (fingerprints: string[]) => parts.read.leakMatches({ tenants: [principal.tenant], fingerprints })
    const asked = leaks.map(leak => (dryRun ? readState(() => matched(leak.fingerprints)) : matched(leak.fingerprints)))
    const answers = await Promise.all(dryRun ? asked : asked.map(one => one.catch(() => undefined)))
    const facts = dryRun ? [] : leaks.flatMap(leak => leak.facts)
    if (facts.length > 0) await parts.append(facts)
    const again = leaks.find(leak => leak.again)?.again
    if (again) throw again
    const each = findings.map(({ id }, i) => ({ id, ...(answers[i] ? { matched: answers[i] } : {}) }))
    parts.log({ msg: dryRun ? 'leaks asked' : 'leaks', facts: facts.length })
    return reply.code(dryRun ? 200 : 202).send({ facts: facts.length, findings: each })
  })
}
