import type { ApplyAnswer, Plan, PlanDetail, PlanSelector } from '../../../schemas/http-plans.ts'
import { type CallApi, callApi } from '../call-api.ts'
import { CliFailure, exitCodes } from '../exit-codes.ts'
import type { Io } from '../io.ts'
import { planEndText, planText, progressText, settledOf } from '../text/plan-text.ts'

/** Says what would die, and does nothing. */
export const makePlan = async (io: Io, selector: PlanSelector, reason: string, json: boolean): Promise<number> => {
  const plan = await callApi(io)<Plan>('POST', '/v1/plans', { selector, reason })
  io.out(json ? JSON.stringify(plan, undefined, 2) : planText(plan, io.now()))
  return exitCodes.done
}

export type ApplyOptions = { apply: string; breakGlass?: boolean; wait: boolean; timeout: string; json?: boolean }

/** Applies a plan, or goes on waiting for one that is applied: the same command resumes. */
export const applyCommand = async (io: Io, options: ApplyOptions): Promise<number> => {
  const { apply: id, breakGlass = false, json = false } = options
  const api = callApi(io)
  const before = await readPlan(api, id, 1)
  const answer = await api<ApplyAnswer>('POST', `/v1/plans/${encodeURIComponent(id)}/apply`, {
    hash: before.plan.hash,
    breakGlass,
  }).catch(error => {
    throw explained(error, before.plan)
  })
  if (!json) io.out(takenText(answer))
  const ended = options.wait ? await follow(io, api, id, Number(options.timeout) * 1_000) : undefined
  io.overwrite?.('')
  const detail = ended ?? (await readPlan(api, id, mostItems))
  if (json) io.out(JSON.stringify({ facts: answer.facts, ...detail }, undefined, 2))
  else if (options.wait) io.out(planEndText(detail))
  if (!options.wait || detail.counts.dead === detail.plan.credentials) return exitCodes.done
  return exitCodes.partly
}

/** Says what would be approved, and approves exactly that. */
export const approveCommand = async (io: Io, { plan: id, json }: { plan: string; json?: boolean }): Promise<number> => {
  const api = callApi(io)
  const { plan } = await readPlan(api, id, 1)
  const approved = await api<Plan>('POST', `/v1/plans/${encodeURIComponent(id)}/approval`, { hash: plan.hash }).catch(
    error => {
      throw explained(error, plan)
    },
  )
  const who = `APPROVED  made by ${plan.by}: ${plan.reason}`
  io.out(json ? JSON.stringify(approved, undefined, 2) : `${who}\n${planText(approved, io.now())}`)
  return exitCodes.done
}

const mostItems = 10_000
const pollMs = 500

const readPlan = (api: CallApi, id: string, most: number) =>
  api<PlanDetail>('GET', `/v1/plans/${encodeURIComponent(id)}?limit=${most}`)

/** An API that is away for a moment does not end the waiting: the plan is applied, the deaths go on. */
const follow = async (io: Io, api: CallApi, id: string, timeoutMs: number): Promise<PlanDetail | undefined> => {
  const begun = io.now()
  while (io.now() - begun < timeoutMs && !io.interrupted.aborted) {
    try {
      const detail = await readPlan(api, id, 1)
      io.overwrite?.(progressText(detail, io.now() - begun))
      if (settledOf(detail) >= detail.plan.credentials) return undefined
    } catch (error) {
      if (!(error instanceof CliFailure) || error.exitCode !== exitCodes.cannotTell) throw error
    }
    await io.pause(pollMs)
  }
  return undefined
}

const takenText = ({ facts, plan }: ApplyAnswer): string => {
  const by = plan.applied?.breakGlass ? ' The glass is broken: it was paged, and every receipt says so.' : ''
  if (facts > 0) return `TAKEN  ${facts} facts are durable. Ctrl-C is safe: the same command resumes.${by}`
  return 'TAKEN BEFORE  Nothing new was written. How it stands:'
}

const nexts: Record<string, (plan: Plan) => string> = {
  needs_approval: ({ plan }) =>
    `next: curfew approve ${plan}   typed by somebody else\n      curfew revoke --apply ${plan} --break-glass   alone: it pages`,
  approval_expired: ({ plan }) => `next: curfew approve ${plan}   by somebody else; if it is old: make it again`,
  self_approval: ({ plan }) => `next: curfew approve ${plan}   typed by somebody else`,
  not_a_person: ({ plan }) => `next: CURFEW_TOKEN=<your token> curfew approve ${plan}`,
  plan_changed: () => 'next: curfew revoke ... --dry-run   makes it again, and shows what is new',
  plan_expired: () => 'next: curfew revoke ... --dry-run   makes it again',
}

/** A refusal with the step that ends it. What is refused is still alive: exit 1, or 77 where somebody else is needed. */
const explained = (error: unknown, plan: Plan): unknown => {
  if (!(error instanceof CliFailure)) return error
  const next = nexts[error.code]?.(plan)
  if (next === undefined) return error
  const exitCode = error.exitCode === exitCodes.notAllowed ? exitCodes.notAllowed : exitCodes.notWell
  return new CliFailure(exitCode, error.code, `${error.message.split('\nnext:')[0] ?? ''}\n${next}`)
}
