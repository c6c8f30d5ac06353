import type { SenderOf } from '../../../schemas/inbox.ts'
import type { Delivery, Dialect, DialectParts, Said } from './dialect.ts'
import { field } from './fields.ts'
import { type AlertPlace, alertPlace, githubApi, isGithubToken } from './github-api.ts'
import { jsonOf } from './json-body.ts'
import { badSignature, hmacSha256, sameText, someOf } from './signatures/checks.ts'

/**
 * GitHub's webhook `secret_scanning_alert`. Its schema has no value: without `api` it is counted, by its action where that is one
 * of GitHub's; with it the value is asked for, fingerprinted and forgotten.
 */
export const githubAlert = (config: SenderOf<'github-alert'>, parts: DialectParts): Dialect => {
  const secrets = parts.secrets(config.secrets)
  // A token that cannot be read refuses the start.
  const { api } = config
  if (api) parts.secrets([{ file: api.tokenFile }])
  return {
    verify: ({ headers, body }) => {
      const presented = headers['x-hub-signature-256'] ?? ''
      const signed = (secret: string) => `sha256=${hmacSha256(secret, body).digest('hex')}`
      if (!someOf(secrets, secret => sameText(signed(secret), presented))) throw badSignature()
    },
    read,
    ...(api ? { lookUp: delivery => lookUp({ ...config, api }, parts, delivery) } : {}),
  }
}

const read = ({ headers, body }: Delivery): Said[] => {
  jsonOf(body)
  if (headers['x-github-event'] === 'ping') return [{ says: 'nothing', code: 'ping' }]
  const known = /^secret_scanning_(alert|alert_location|scan)$/.test(headers['x-github-event'] ?? '')
  return [{ says: 'nothing', code: known ? 'no_value' : 'other_event' }]
}

type WithApi = SenderOf<'github-alert'> & { api: NonNullable<SenderOf<'github-alert'>['api']> }
const found = ['created', 'reopened', 'publicly_leaked', 'validated']

const lookUp = async (config: WithApi, { fetch }: DialectParts, delivery: Delivery): Promise<Said[]> => {
  const json = jsonOf(delivery.body)
  if (delivery.headers['x-github-event'] !== 'secret_scanning_alert') return read(delivery)
  if (!found.includes(String(field(json, 'action')))) return [{ says: 'nothing', code: 'other_event' }]
  const place = alertPlace(field(field(json, 'repository'), 'full_name'), field(field(json, 'alert'), 'number'))
  if (!place) return [{ says: 'nothing', code: 'no_value' }]
  const api = githubApi(config.api, fetch)
  const alert = await api.alert(place)
  if (alert?.secret === undefined) return [{ says: 'nothing', code: 'no_value' }]
  const values = [alert.secret]
  const source = sourceOfAlert(config.id, place)
  const leak: Said = { says: 'leak', id: source, values, source }
  if (!config.api.revokeTokens || !isGithubToken(alert.secret)) return [leak]
  // What GitHub answers here does not hold up what we know ourselves.
  const revoked = await api.revoke(values).catch(() => false)
  return [leak, { says: 'nothing', code: revoked ? 'github_token_revoked' : 'github_token_not_revoked' }]
}

/** Kept with the leak: where its alert is. */
export const sourceOfAlert = (sender: string, { owner, repo, number }: AlertPlace): string =>
  `github-alert:${sender}:${owner}/${repo}#${number}`

/** The alert that a leak of this sender came from. */
export const alertOfSource = (sender: string, source: string): AlertPlace | undefined => {
  const beginning = `github-alert:${sender}:`
  const [fullName, number] = source.startsWith(beginning) ? source.slice(beginning.length).split('#') : []
  return alertPlace(fullName, Number(number))
}
