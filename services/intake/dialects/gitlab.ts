import type { SenderOf } from '../../../schemas/inbox.ts'
import { RejectedEvent } from '../../pipeline/errors.ts'
import type { Dialect, DialectParts, Said } from './dialect.ts'
import { entriesOf, jsonOf, label, textOf } from './json-body.ts'
import { requireToken } from './signatures/checks.ts'

/**
 * GitLab's Token Revocation API, the service's side: GET v1/revocable_token_types, POST v1/revoke_tokens. 204 is "accepted for
 * eventual revocation"; 400 is not sent again, 429 and 503 are.
 */
export const gitlab = (config: SenderOf<'gitlab'>, parts: DialectParts): Dialect => {
  const secrets = parts.secrets(config.secrets)
  const types = new Set(config.types)
  return {
    verify: ({ headers }) => requireToken(secrets, headers.authorization),
    read: ({ body }) => entriesOf(jsonOf(body)).map(entry => said(entry, types)),
    path: 'v1/revoke_tokens',
    gets: { 'v1/revocable_token_types': { types: config.types } },
    acceptedWith: 204,
  }
}

const said = (entry: Record<string, unknown>, types: ReadonlySet<string>): Said => {
  const { type, location } = entry
  const token = textOf(entry.token)
  if (token === undefined) throw new RejectedEvent('invalid_data', 'an entry has no token')
  if (typeof type !== 'string' || !types.has(type))
    throw new RejectedEvent('unsupported_type', 'an entry has a type that is not in revocable_token_types')
  return { says: 'leak', id: JSON.stringify([type, textOf(location)]), values: [token], source: label('gitlab', type) }
}
