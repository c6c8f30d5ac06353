import type { Learned } from './learned.ts'
import { hmac, isSelf, type LearnRules, looksAt, markOf, plainName as name } from './rules.ts'

/** How the device or the mount is set so that less can be learned than could be. */
export type Trouble = 'accessor_hidden' | 'values_in_clear' | 'target_hidden'
export type Reading = { learned: Learned[]; troubles: Trouble[] }

type Bag = Record<string, unknown>
const bag = (value: unknown): Bag =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Bag) : {}
/**
 * Never throws, and lets no value through: of a secret field only what is an HMAC by its shape. In clear pass: the accessor,
 * the lease id, the session, the task and the login's name.
 */
export const readAuditRecord = (rules: LearnRules, record: unknown): Reading => {
  const reading: Reading = { learned: [], troubles: [] }
  const top = bag(record)
  const request = bag(top.request)
  const path = typeof request.path === 'string' ? request.path : ''
  if (top.type !== 'response' || (typeof top.error === 'string' && top.error !== '')) return reading
  if (namespaceOf(request) !== rules.namespace) return reading
  const renewal = /^auth\/token\/renew(-self|-accessor)?$/.test(path)
  if (!renewal && !looksAt(rules, path)) return reading
  const response = bag(top.response)
  // Who asked; for a login it is the new token itself, which the response names as well.
  const asker = bag(top.auth)
  if (isSelf(rules, asker.entity_id)) return reading
  const context = { rules, reading, base: baseOf(top, request), response, asker }
  if (Object.keys(bag(response.auth)).length > 0) (renewal ? readRenewal : readToken)(context)
  else if (typeof bag(response.wrap_info).wrapped_accessor === 'string') readWrapped(context)
  else if (typeof bag(response.secret).lease_id === 'string') readLease(context)
  return reading
}

type Context = {
  rules: LearnRules
  reading: Reading
  base: { id: string; at: number | undefined }
  response: Bag
  asker: Bag
}

const baseOf = (top: Bag, request: Bag) => {
  const at = typeof top.time === 'string' ? Date.parse(top.time) : Number.NaN
  return { id: name(request.id, 128) ?? 'unnamed', at: at >= 0 ? at : undefined }
}

const namespaceOf = (request: Bag): string => {
  const { path } = bag(request.namespace)
  return typeof path === 'string' ? path.replaceAll(/^\/|\/$/g, '') : ''
}

const printOf = ({ rules, reading }: Context, value: unknown): string[] => {
  if (typeof value !== 'string' || value === '') return []
  const hex = hmac.exec(value)?.[1]
  if (hex === undefined) reading.troubles.push('values_in_clear')
  return hex === undefined ? [] : [`${rules.kid}:${hex}`]
}

const lifeOf = (auth: Bag): { lifeMs?: number } => {
  const seconds = typeof auth.token_ttl === 'number' ? auth.token_ttl : 0
  return seconds > 0 && seconds < 1e9 ? { lifeMs: seconds * 1_000 } : {}
}

/** Its own mark, else its maker's: a session's token made it. */
const readToken = (context: Context): void => {
  const { rules, reading, base, response, asker } = context
  const auth = bag(response.auth)
  const mark = markOf(rules, bag(auth.metadata)) ?? markOf(rules, bag(asker.metadata))
  if (!mark) return
  const fingerprints = printOf(context, auth.client_token)
  const grant = { ...base, ...mark, ...lifeOf(auth), says: 'granted', fingerprints } as const
  if (auth.token_type === 'batch') {
    reading.learned.push({ ...grant, kind: 'vault.batch-token', handle: `batch-${base.id}`, renewable: false })
    return
  }
  const handle = accessorOf(context, auth.accessor)
  if (handle !== undefined) reading.learned.push({ ...grant, kind: 'vault.token', handle, renewable: true })
}

const accessorOf = ({ reading }: Context, value: unknown): string | undefined => {
  if (typeof value === 'string' && hmac.test(value)) reading.troubles.push('accessor_hidden')
  const accessor = name(value, 1_024)
  return accessor !== undefined && /^[\w.-]+$/.test(accessor) ? accessor : undefined
}

/** A wrapped token: only its accessor is known, and only its maker's mark. */
const readWrapped = (context: Context): void => {
  const { rules, reading, base, response, asker } = context
  const mark = markOf(rules, bag(asker.metadata))
  const handle = accessorOf(context, bag(response.wrap_info).wrapped_accessor)
  if (!mark || handle === undefined) return
  reading.learned.push({
    ...base,
    ...mark,
    says: 'granted',
    kind: 'vault.token',
    handle,
    fingerprints: [],
    renewable: true,
  })
}

const readRenewal = (context: Context): void => {
  const { rules, reading, base, response } = context
  const auth = bag(response.auth)
  const { lifeMs } = lifeOf(auth)
  if (!markOf(rules, bag(auth.metadata)) || lifeMs === undefined) return
  const handle = accessorOf(context, auth.accessor)
  if (handle !== undefined) reading.learned.push({ ...base, says: 'renewed', handle, lifeMs })
}

/** A lease belongs to the session whose token asked for it. Its life is not in the stream: Vault itself ends it in time. */
const readLease = (context: Context): void => {
  const { rules, reading, base, response, asker } = context
  const mark = markOf(rules, bag(asker.metadata))
  const handle = name(bag(response.secret).lease_id, 1_024)
  if (!mark || handle === undefined) return
  const data = bag(response.data)
  const field = data[rules.targetField]
  if (typeof field === 'string' && hmac.test(field)) reading.troubles.push('target_hidden')
  const target = rules.secretFields.includes(rules.targetField) ? undefined : name(field)
  reading.learned.push({
    ...base,
    ...mark,
    says: 'granted',
    kind: 'vault.lease',
    handle,
    ...(target === undefined ? {} : { target }),
    fingerprints: rules.secretFields.flatMap(secret => printOf(context, data[secret])).slice(0, 16),
    renewable: true,
  })
}
