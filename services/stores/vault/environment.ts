/** node-vault prints requests when DEBUG names it, and turns TLS verification off for VAULT_SKIP_VERIFY: refused. */
export const refuseUnsafeEnvironment = (environment: NodeJS.ProcessEnv): void => {
  if (environment.VAULT_SKIP_VERIFY) throw new Error('VAULT_SKIP_VERIFY is set: TLS would not be verified. Unset it.')
  if (environment.NODE_TLS_REJECT_UNAUTHORIZED === '0')
    throw new Error('NODE_TLS_REJECT_UNAUTHORIZED is 0: TLS would not be verified. Unset it.')
  if (debugNames(environment.DEBUG ?? '', 'node-vault'))
    throw new Error('DEBUG names node-vault: it would print secrets in clear. Take it out.')
}

/** As the `debug` package reads it: names by comma or space, `*` for anything, `-` to leave out. */
const debugNames = (setting: string, name: string): boolean => {
  const patterns = setting.split(/[\s,]+/).filter(pattern => pattern !== '')
  const matches = (pattern: string) => new RegExp(`^${pattern.split('*').map(RegExp.escape).join('.*')}$`).test(name)
  if (patterns.some(pattern => pattern.startsWith('-') && matches(pattern.slice(1)))) return false
  return patterns.some(pattern => matches(pattern))
}
