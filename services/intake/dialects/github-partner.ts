import { verify as verifySignature } from 'node:crypto'
import type { SenderOf } from '../../../schemas/inbox.ts'
import type { Dialect, DialectParts, Said } from './dialect.ts'
import { entriesOf, jsonOf, label, textOf } from './json-body.ts'
import { badSignature, strictBase64 } from './signatures/checks.ts'
import { githubKeys } from './signatures/github-keys.ts'

/** GitHub secret scanning partner program: a list of `{token, type, url, source}`. No timestamp: a replay is known by its ids. */
export const githubPartner = ({ keysUrl }: SenderOf<'github-partner'>, { fetch, now }: DialectParts): Dialect => {
  const keyOf = githubKeys({ url: keysUrl, fetch, now })
  return {
    verify: async ({ headers, body }) => {
      const id = headers['github-public-key-identifier']
      const signature = strictBase64(headers['github-public-key-signature'] ?? '')
      if (!id || !signature) throw badSignature()
      const key = await keyOf(id)
      if (!key || !verifySignature('sha256', body, { key, dsaEncoding: 'der' }, signature)) throw badSignature()
    },
    read: ({ body }) => entriesOf(jsonOf(body)).map(said),
  }
}

const said = (entry: Record<string, unknown>): Said => {
  const token = textOf(entry.token)
  if (token === undefined) return { says: 'nothing', code: 'no_value' }
  const { type, url, source } = entry
  // Where it was found names the statement; without the token, which an id must not give away.
  const id = JSON.stringify([textOf(type), textOf(url), textOf(source)?.toLowerCase()])
  return { says: 'leak', id, values: [token], source: label('github', source, type) }
}
