/** The PostgreSQL user of what is issued under a name: Vault's display name of the token that it is issued with. */
export const loginOf = (name: string): string => `token-${name.replaceAll(/[^a-zA-Z0-9-]/g, '-')}`

/** `<login>@<accessor of its token>`; what was there before us: `<login>@<lease id>`. */
export const handleOf = (login: string, accessor: string): string => `${login}@${accessor}`

export type HandleParts = { login: string; accessor?: string | undefined; lease?: string | undefined }
export const partsOf = (handle: string): HandleParts | undefined => {
  const at = handle.indexOf('@')
  const [login, ends] = [handle.slice(0, at), handle.slice(at + 1)]
  if (at < 1 || ends === '') return undefined
  // An accessor has no slash, a lease id begins with its mount.
  return ends.includes('/') ? { login, lease: ends } : { login, accessor: ends }
}
