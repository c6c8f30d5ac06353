import type { Problem } from '../pipeline/errors.ts'
import { credentialId } from '../pipeline/ids.ts'
import type { Credential, Sealing } from '../pipeline/ports.ts'

/** The values of one credential: one, unless a sender announced two under one name. All of them must end. */
export const sealedValues = (
  open: Sealing['open'],
  store: string,
  { handle, sealed = [] }: Credential,
): string[] | { problem: Problem } => {
  if (sealed.length === 0) return problem('the sealed value is not known yet')
  const cid = credentialId(store, handle)
  const values = sealed.map(blob => open(cid, blob)).filter(token => token !== undefined)
  if (values.length > 0) return [...new Set(values)]
  const kids = [...new Set(sealed.map(blob => blob.slice(0, blob.indexOf('.')).slice(0, 32)))].join(', ')
  return problem(`the sealed value cannot be opened: is sealing key "${kids}" in the key ring?`)
}

const problem = (detail: string): { problem: Problem } => ({ problem: { code: 'protocol', detail } })
