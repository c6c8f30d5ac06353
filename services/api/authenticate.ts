import { createHash, timingSafeEqual } from 'node:crypto'
import type { FastifyRequest, onRequestAsyncHookHandler } from 'fastify'
import type { Config, Principal, Role } from '../../schemas/config.ts'
import type { ApiParts } from './ports.ts'
import { HttpProblem } from './problems.ts'

declare module 'fastify' {
  interface FastifyRequest {
    principal: Principal | undefined
  }
}

/** `known`: any principal; `lifecycle`, `leak`: whoever may send those; a role: who has it. An admin may all. */
export type Right = 'known' | 'lifecycle' | 'leak' | Role

/** Who replays, revokes or approves must look first. */
const implied: Record<Role, readonly Role[]> = {
  viewer: ['viewer', 'replayer', 'revoker', 'approver'],
  replayer: ['replayer'],
  revoker: ['revoker'],
  approver: ['approver'],
}
const mayDo = ({ admin, roles = [], ...may }: Principal['may'], right: Right): boolean => {
  if (admin || right === 'known') return true
  if (right === 'lifecycle' || right === 'leak') return may[right]
  return roles.some(one => implied[right].includes(one))
}

/** Before the body is read: nobody unknown makes this process hold a byte of theirs. One of the rights is enough. */
export const requires = (parts: Pick<ApiParts, 'authenticate'>, ...rights: Right[]): onRequestAsyncHookHandler => {
  return async request => {
    const token = /^Bearer ([\x21-\x7e]{1,8192})$/i.exec(request.headers.authorization ?? '')?.[1]
    const principal = token === undefined ? undefined : await parts.authenticate(token)
    if (!principal)
      throw new HttpProblem(
        401,
        'not_authenticated',
        'A bearer token of a principal is needed: Authorization: Bearer ...',
      )
    if (!rights.some(right => mayDo(principal.may, right)))
      throw new HttpProblem(
        403,
        'not_allowed',
        `principal "${principal.id}" may not: it needs "${rights.join('" or "')}"`,
      )
    request.principal = principal
  }
}

export const principalOf = (request: FastifyRequest): Principal => {
  if (!request.principal) throw new HttpProblem(401, 'not_authenticated', 'A bearer token of a principal is needed.')
  return request.principal
}

const digest = (token: string) => createHash('sha256').update(token).digest()

/** Whoever holds the token of this machine: no person, so never the second one. */
export const localId = 'local'

type Known = (token: string) => Principal | undefined
/** The static tokens first, then those of an issuer. */
export const authenticator =
  (known: Known, ofIssuers: (token: string) => Promise<Principal | undefined>): ApiParts['authenticate'] =>
  async token =>
    known(token) ?? (await ofIssuers(token))

/** Who a token is. Every known hash is compared, in constant time: how long it takes tells nothing. */
export const tokenTable = (config: Pick<Config, 'principals' | 'stores'>, localToken: string) => {
  const admins = config.principals.map(one => (one.may.admin ? withEveryRight(one, config) : one))
  const known = admins.flatMap(one =>
    one.tokenSha256 ? [{ hash: Buffer.from(one.tokenSha256, 'hex'), who: one }] : [],
  )
  const tenant = config.principals[0]?.tenant ?? ''
  const may = { lifecycle: true, grant: [], leak: true, admin: true }
  known.push({ hash: digest(localToken), who: withEveryRight({ id: localId, tenant, may }, config) })
  return (token: string): Principal | undefined => {
    const presented = digest(token)
    return known.filter(({ hash }) => timingSafeEqual(hash, presented))[0]?.who
  }
}

/** An admin may send everything for its tenant, and nothing for another tenant's stores. */
const withEveryRight = (admin: Principal, { principals, stores }: Pick<Config, 'principals' | 'stores'>): Principal => {
  const foreign = new Set(principals.filter(one => one.tenant !== admin.tenant).flatMap(one => one.may.grant))
  const grant = stores.map(store => store.id).filter(id => !foreign.has(id))
  return { ...admin, may: { lifecycle: true, leak: true, admin: true, grant } }
}
