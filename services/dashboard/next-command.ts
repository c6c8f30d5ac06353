import type { GrantEntry } from '../../schemas/http.ts'

/** What can be typed now, in the words of the CLI. Made of ids and store names only: a sender's text never gets into a shell. */
export const commandFor = ({ state, store, grant }: GrantEntry): string => {
  if (state === 'blocked') return `curfew doctor ${store}`
  if (state === 'held') return `curfew revoke --grant ${grant} --reason "checked by hand"`
  if (state === 'live') return `curfew revoke --grant ${grant} --reason "why"`
  return `curfew explain ${grant}`
}

/** Why it is not dead yet. */
export const whyOf = ({ state, blocked, cause, refusedSince, attempts = 0 }: GrantEntry): string => {
  if (state === 'blocked' && blocked) return `${blocked.code}: ${blocked.detail}`
  if (state === 'held') return 'held: inferred kills are over the cap, a person decides'
  if (refusedSince !== undefined) return 'refused; its proof waits for the window or for Kafka'
  if (state === 'due') return attempts > 1 ? `dying, tried ${attempts} times` : 'dying'
  return cause ?? ''
}
