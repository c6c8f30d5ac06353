import type { SsfConfig, SubjectRule } from '../../../schemas/dialect-ssf.ts'
import { RejectedEvent } from '../../pipeline/errors.ts'
import type { Delivery, Dialect, DialectParts, Said } from './dialect.ts'
import { field, jsonOf, textOf } from './fields.ts'
import { setVerifier } from './signatures/security-event-token.ts'

const caep = 'https://schemas.openid.net/secevent/caep/event-type/'
const risc = 'https://schemas.openid.net/secevent/risc/event-type/'
/** What an event may do. A revoked credential ends no session: only the credential itself, where the mapping names one. */
const effects = new Map<string, 'session or credential' | 'credential'>([
  [`${caep}session-revoked`, 'session or credential'],
  [`${risc}sessions-revoked`, 'session or credential'],
  [`${risc}credential-compromise`, 'session or credential'],
  [`${caep}credential-change`, 'credential'],
])
const registered = 'invalid_request invalid_key invalid_issuer invalid_audience authentication_failed access_denied'

/**
 * A CAEP or RISC transmitter that pushes to us (RFC 8935). Whom an event is about is a mapping's word, so every kill is inferred:
 * under the cap. `jti` names the statement: a replay says the same again and no more.
 */
export const ssf = (config: SsfConfig, parts: Pick<DialectParts, 'fetch'>): Dialect => ({
  verify: setVerifier(config, parts.fetch),
  read: delivery => read(config, delivery),
  answers: {
    refused: (code, description) => {
      const denied = code === 'not_allowed' ? 'access_denied' : 'invalid_request'
      return { err: registered.split(' ').includes(code) ? code : denied, description }
    },
  },
})

const read = (config: SsfConfig, { body }: Delivery): Said[] => {
  const claims = jsonOf(Buffer.from(body.toString('latin1').split('.')[1] ?? '', 'base64url'))
  const jti = textOf(field(claims, 'jti'))
  const events = field(claims, 'events')
  if (jti === undefined || typeof events !== 'object' || events === null)
    throw new RejectedEvent('invalid_request', `the token has no ${jti === undefined ? 'jti' : 'events'}`)
  return Object.entries(events).map(([uri, event]) =>
    said(config, { id: JSON.stringify([jti, uri]), uri, event, claims }),
  )
}

type Told = { id: string; uri: string; event: unknown; claims: unknown }

const said = ({ subjects }: SsfConfig, { id, uri, event, claims }: Told): Said => {
  const effect = effects.get(uri)
  if (effect === undefined)
    return { says: 'nothing', code: uri.endsWith('/verification') ? 'verification' : 'other_event' }
  if (effect === 'credential' && !['revoke', 'delete'].includes(String(field(event, 'change_type'))))
    return { says: 'nothing', code: 'no_revocation' }
  // Older transmitters name the subject inside the event.
  const subject = field(claims, 'sub_id') ?? field(event, 'subject')
  const meant = meaningOf(subjects, subject, effect)
  if (meant === undefined) return { says: 'nothing', code: 'unmapped_subject' }
  const reason = uri.slice(uri.lastIndexOf('/') + 1)
  const { rule, value } = meant
  return rule.is === 'session'
    ? { says: 'event', id, type: 'curfew.session.ended', data: { session: value, reason }, inferred: true }
    : { says: 'revoke', id, store: rule.is.handleAt, handle: value, reason }
}

const meaningOf = (rules: SubjectRule[], subject: unknown, effect: 'session or credential' | 'credential') => {
  for (const rule of rules) {
    if (effect === 'credential' && rule.is === 'session') continue
    const value = textIn(rule, rule.member === undefined ? subject : memberOf(subject, rule.member))
    if (value !== undefined) return { rule, value }
  }
  return undefined
}

const memberOf = (subject: unknown, name: string) =>
  field(subject, 'format') === 'complex' ? field(subject, name) : undefined

const fields = { opaque: 'id', jwt_id: 'jti', iss_sub: 'sub', uri: 'uri' } as const

const textIn = ({ format, iss }: SubjectRule, subject: unknown): string | undefined => {
  if (field(subject, 'format') !== format) return undefined
  return iss === undefined || field(subject, 'iss') === iss ? textOf(field(subject, fields[format])) : undefined
}
