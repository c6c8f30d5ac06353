import type { Problem } from '../../pipeline/errors.ts'
import { credentialId } from '../../pipeline/ids.ts'
import type { Credential, Sealing } from '../../pipeline/ports.ts'

export const needsToken = 'RFC 7009 needs the token itself: the grant brought no sealed `value`'

/** The tokens of one credential: one, unless a sender announced two under one name. All of them must end. */
export const openTokens = (
  open: Sealing['open'],
  store: string,
  { handle, sealed = [] }: Credential,
): string[] | { problem: Problem } => {
  if (sealed.length === 0) return problem('the sealed token is not known yet')
  const cid = credentialId(store, handle)
  const tokens = sealed.map(blob => open(cid, blob)).filter(token => token !== undefined)
  if (tokens.length > 0) return [...new Set(tokens)]
  const kids = [...new Set(sealed.map(blob => blob.slice(0, blob.indexOf('.')).slice(0, 32)))].join(', ')
  return problem(`the sealed token cannot be opened: is sealing key "${kids}" in the key ring?`)
}

const problem = (detail: string): { problem: Problem } => ({ problem: { code: 'protocol', detail } })
