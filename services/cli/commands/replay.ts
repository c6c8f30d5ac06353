import type { ReplayPlan, ReplaySelect } from '../../../schemas/http-replay.ts'
import { type CallApi, callApi } from '../call-api.ts'
import { CliFailure, exitCodes } from '../exit-codes.ts'
import type { Io } from '../io.ts'
import { barText, endText, planText } from '../text/replay-text.ts'
import { spanMs } from '../text/span.ts'

export type ReplayOptions = {
  deadLetters?: boolean
  letter?: string[]
  session?: string
  topic?: string
  reason?: string
  since?: string
  until?: string
  offsets?: string
  apply?: string
  yes?: boolean
  json?: boolean
}

/** Reads again what was missed: shows the difference first, and applies it by its name. */
export const replayCommand = async (io: Io, options: ReplayOptions): Promise<number> => {
  const api = callApi(io)
  if (options.apply !== undefined) return apply(io, api, options.apply, options.json === true)
  const plan = await api<ReplayPlan>('POST', '/v1/replays', { select: selectOf(io, options) })
  if (options.yes && (plan.facts.new > 0 || plan.resolves > 0)) {
    if (!options.json) io.out(planText(plan, `curfew replay --apply ${plan.plan}`))
    return apply(io, api, plan.plan, options.json === true)
  }
  io.out(options.json ? JSON.stringify(plan, undefined, 2) : planText(plan, `curfew replay --apply ${plan.plan}`))
  return exitCodes.done
}

const pollMs = 250

const apply = async (io: Io, api: CallApi, id: string, json: boolean): Promise<number> => {
  if (!/^rp_[0-9a-f]{12}$/.test(id)) throw usage('A plan has a name like rp_0123456789ab.')
  let plan = await api<ReplayPlan>('POST', `/v1/replays/${id}`)
  let shown = ''
  while (plan.state === 'running' && !io.interrupted.aborted) {
    const bar = barText(plan)
    if (!json && bar !== shown) io.overwrite?.(bar)
    shown = bar
    await io.pause(pollMs)
    plan = await api<ReplayPlan>('GET', `/v1/replays/${id}`)
  }
  io.overwrite?.('')
  io.out(json ? JSON.stringify(plan, undefined, 2) : endText(plan))
  return plan.state === 'done' && plan.refused + plan.gone === 0 ? exitCodes.done : exitCodes.partly
}

const usage = (what: string) =>
  new CliFailure(
    exitCodes.usage,
    'usage',
    `${what}
next: curfew replay --dead-letters [--topic <t>] [--reason <code>]
      curfew replay --letter <topic/partition/offset>
      curfew replay --since 10m [--until 5m] [--topic task-lifecycle]
      curfew replay --session <id> [--since 2h]
      curfew replay --topic <t> --offsets <partition>:<from>-<to>
      curfew replay --apply <plan>`,
  )

const selectOf = (io: Io, options: ReplayOptions): ReplaySelect => {
  const { deadLetters, letter, session, topic, reason, offsets } = options
  const ways = [deadLetters ?? letter, session, offsets].filter(one => one !== undefined)
  if (ways.length > 1) throw usage('Say one thing: dead letters, a session, offsets or a time.')
  const since = options.since === undefined ? undefined : at(io, options.since)
  const until = options.until === undefined ? undefined : at(io, options.until)
  const when = { ...(since === undefined ? {} : { since }), ...(until === undefined ? {} : { until }) }
  const where = topic === undefined ? {} : { topic }
  if (deadLetters || letter) {
    if (since !== undefined) throw usage('Dead letters are chosen by topic, by reason or one by one.')
    return {
      deadLetters: { ...where, ...(reason === undefined ? {} : { reason }), ...(letter ? { ids: letter } : {}) },
    }
  }
  if (reason !== undefined) throw usage('A reason is of dead letters: add --dead-letters.')
  if (session !== undefined) return { session, ...when }
  if (offsets !== undefined) return offsetsOf(topic, offsets)
  if (since === undefined) throw usage('Say what to replay.')
  return { ...where, ...when, since }
}

/** `10m`: that long ago; else a moment, such as 2026-11-29T12:00:00Z. */
const at = (io: Io, text: string): number => {
  const ago = spanMs(text)
  const moment = ago === undefined ? Date.parse(text) : io.now() - ago
  if (Number.isNaN(moment)) throw usage('A time is like 90s, 10m, 2h, 1d, or 2026-11-29T12:00:00Z.')
  return Math.max(0, Math.round(moment))
}

const offsetsOf = (topic: string | undefined, text: string): ReplaySelect => {
  const [, partition, from, to] = /^(\d+):(\d+)-(\d+)$/.exec(text) ?? []
  if (topic === undefined || partition === undefined) throw usage('Offsets are of one partition of one topic.')
  return { topic, partition: Number(partition), from: Number(from), to: Number(to) + 1 }
}
