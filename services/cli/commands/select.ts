import type { PlanSelector } from '../../../schemas/http-plans.ts'
import { CliFailure, exitCodes } from '../exit-codes.ts'

export type SelectOptions = {
  grant?: string[]
  session?: string
  task?: string
  principal?: string
  store?: string
  fingerprint?: string
  label?: string[]
  held?: boolean
}

/** What was named on the command line. Everything that is named must fit. */
export const selectorOf = (options: SelectOptions): PlanSelector => {
  const { grant, session, task, principal, store, fingerprint, label, held } = options
  const selector: PlanSelector = {
    ...(grant === undefined ? {} : { grants: grant }),
    ...(session === undefined ? {} : { session }),
    ...(task === undefined ? {} : { task }),
    ...(principal === undefined ? {} : { principal: principal.includes(':') ? principal : `agent:${principal}` }),
    ...(store === undefined ? {} : { store }),
    ...(fingerprint === undefined ? {} : { fingerprint }),
    ...(label === undefined ? {} : { labels: labelsOf(label) }),
    ...(held ? { held } : {}),
  }
  if (Object.keys(selector).length === 0) throw usage('Say what to revoke.')
  if (grant !== undefined && (session !== undefined || task !== undefined))
    throw usage('A grant is one credential: name it without --session and --task.')
  if (task !== undefined && session === undefined) throw usage('A task has its name inside a session: add --session.')
  return selector
}

/** One session, task or grant acts at once; many are looked at first. */
export const isOne = ({ grants, session, task: _task, ...rest }: PlanSelector): boolean => {
  if (Object.keys(rest).length > 0) return false
  return grants === undefined ? session !== undefined : grants.length === 1 && session === undefined
}

const labelsOf = (pairs: string[]): Record<string, string> =>
  Object.fromEntries(
    pairs.map(pair => {
      const at = pair.indexOf('=')
      if (at < 1 || at === pair.length - 1) throw usage(`A label is key=value; "${pair}" is not.`)
      return [pair.slice(0, at), pair.slice(at + 1)]
    }),
  )

export const usage = (what: string) =>
  new CliFailure(
    exitCodes.usage,
    'usage',
    `${what}
next: curfew revoke --session <id> [--task <id>] --reason "why"
      curfew revoke --grant <id> --reason "why"   (curfew grants lists the ids)
      curfew revoke --principal agent:<name> --reason "why"   plans first
      curfew help revoke                          shows all of it`,
  )
