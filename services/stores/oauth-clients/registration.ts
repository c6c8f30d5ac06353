import { isSafe } from '../safe-url.ts'

/** What manages one client (RFC 7592): as secret as the client's secret, and only ever sealed. */
export type Registration = { uri: string; token: string }

const mark = 'registration:'
/** Sealed beside the client's secret, and told apart from it. */
export const noteOf = ({ uri, token }: Registration): string => `${mark}${JSON.stringify({ uri, token })}`

/** Of the sealed values of one client: what manages it, and its secrets. */
export const sortedValues = (values: readonly string[]): { registration?: Registration; secrets: string[] } => {
  const notes = values.filter(value => value.startsWith(mark))
  const secrets = values.filter(value => !value.startsWith(mark))
  const note = notes[0]
  return note === undefined ? { secrets } : { registration: JSON.parse(note.slice(mark.length)), secrets }
}

/** Where a client is managed is the server's word: never a place in clear. */
export const registrationIn = (body: Record<string, unknown>): Registration | undefined => {
  const { registration_client_uri: uri, registration_access_token: token } = body
  return isSafe(uri) && typeof token === 'string' && token !== '' ? { uri, token } : undefined
}
