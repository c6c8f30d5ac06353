import type { GrantEntry, RevocationAnswer } from '../../../schemas/http.ts'
import type { PlanSelector } from '../../../schemas/http-plans.ts'
import { callApi } from '../call-api.ts'
import { exitCodes } from '../exit-codes.ts'
import { followDeaths } from '../follow-deaths.ts'
import type { Io } from '../io.ts'
import { deathText } from '../text/death-text.ts'
import { count, wrap } from '../text/plain.ts'
import { type BreakGlassOptions, breakGlassCommand } from './break-glass.ts'
import { applyCommand, makePlan } from './plan.ts'
import { isOne, type SelectOptions, selectorOf, usage } from './select.ts'

export type RevokeOptions = SelectOptions &
  Pick<BreakGlassOptions, 'config' | 'handle' | 'kind' | 'target' | 'yes'> & {
    reason?: string
    dryRun?: boolean
    apply?: string
    breakGlass?: boolean
    wait: boolean
    timeout: string
    json?: boolean
  }

/** One session, task or grant at once; many by a plan that is looked at first; `--apply` applies it. */
export const revokeCommand = async (io: Io, options: RevokeOptions): Promise<number> => {
  const { apply, reason, json = false } = options
  if (apply !== undefined) return applyCommand(io, { ...options, apply })
  if (options.breakGlass) return breakGlassCommand(io, options)
  const selector = selectorOf(options)
  if (reason === undefined) throw usage('Say why: --reason "..." stands in the record.')
  if (options.dryRun || !isOne(selector)) return makePlan(io, selector, reason, json)
  return revokeNow(io, commandOf(selector, reason), options)
}

/** Ends a session, a task or a grant, and shows each death with its proof. */
const revokeNow = async (io: Io, command: object, options: RevokeOptions): Promise<number> => {
  const api = callApi(io)
  const say = (text: string) => (options.json ? undefined : io.out(text))
  const answer = await api<RevocationAnswer>('POST', '/v1/revocations', command)
  const { planned } = answer
  if (!planned) {
    say(unreadable)
    if (options.json) io.out(JSON.stringify(answer))
    return options.wait ? exitCodes.cannotTell : exitCodes.done
  }
  say(planText(planned, answer.alreadySettled ?? 0))
  if (!options.wait) {
    if (options.json) io.out(JSON.stringify(answer, undefined, 2))
    return exitCodes.done
  }
  const ended = await followDeaths(io, api, planned, {
    timeoutMs: Number(options.timeout) * 1_000,
    onDeath: grant => grant.receipt && say(deathText(grant, grant.receipt)),
  })
  say(doneText(ended))
  if (options.json) io.out(JSON.stringify({ ...answer, planned: ended }, undefined, 2))
  return ended.every(grant => grant.receipt?.outcome === 'verified') ? exitCodes.done : exitCodes.partly
}

const commandOf = ({ grants, session, task }: PlanSelector, reason: string) =>
  grants === undefined ? { session, ...(task === undefined ? {} : { task }), reason } : { grant: grants[0], reason }

const unreadable = `TAKEN  The command is durable and what it reaches will die.
The state cannot be read at this moment, so nothing can be shown of it.
next: curfew status   asks again`

const planText = (planned: GrantEntry[], already: number): string => {
  const stores = Map.groupBy(planned, grant => grant.store)
  const each = [...stores].map(([store, grants]) => `${store} ${grants.length}`).join(', ')
  const living = planned.length === 0 ? 'nothing is alive' : `${count(planned.length, 'grant')}: ${each}`
  const dead = already === 0 ? '' : `; ${already} settled before`
  return wrap(`TAKEN  ${living}${dead}.${planned.length === 0 ? '' : ' Ctrl-C is safe: the command stands.'}`)
}

const doneText = (ended: GrantEntry[]): string => {
  const by = (wanted: (grant: GrantEntry) => boolean) => ended.filter(wanted).length
  const dead = by(grant => grant.receipt?.outcome === 'verified')
  const parts = [
    [by(grant => grant.receipt?.outcome === 'impossible'), 'impossible'],
    [by(grant => grant.receipt?.outcome === 'unproven'), 'unproven'],
    [by(grant => grant.receipt?.outcome === 'gone_before_seen'), 'gone before seen'],
    [by(grant => !grant.receipt), 'still alive'],
  ] as const
  const rest = parts.flatMap(([number, name]) => (number === 0 ? [] : [`${number} ${name}`]))
  const next = by(grant => !grant.receipt) === 0 ? '' : '\nnext: curfew grants --alive-past-due   says why'
  return `${rest.length === 0 ? 'DONE' : 'PARTLY DONE'}  ${[`${dead} dead`, ...rest].join(', ')}${next}`
}
