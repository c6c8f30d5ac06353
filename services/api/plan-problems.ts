import type { Refusal } from '../pipeline/plans.ts'
import { HttpProblem } from './problems.ts'

type Code = Refusal | 'plan_changed' | 'not_a_person' | 'already_applied'
const problems: Record<Code, [status: number, message: string]> = {
  plan_mismatch: [409, 'The hash is not that of this plan: it is another plan than the one that was looked at.'],
  plan_expired: [409, 'The plan is older than 10 minutes. Nothing was done: make it again.'],
  plan_changed: [409, 'More would die now than was looked at. Nothing was done: make the plan again, and look.'],
  needs_approval: [403, 'It kills more than the cap allows one person alone: a second one must approve it.'],
  approval_expired: [403, 'The approval is older than 10 minutes. Nothing was done: have it approved again.'],
  self_approval: [403, 'Two persons are needed: who made or applies a plan cannot be the one who approves it.'],
  not_a_person: [403, 'The local token says nothing of who holds it: approve with a token of your own.'],
  already_applied: [409, 'The plan is applied already: there is nothing left to approve.'],
}

export const planProblem = (code: Code, more = ''): HttpProblem => {
  const [status, message] = problems[code]
  return new HttpProblem(status, code, more === '' ? message : `${more} ${message}`)
}
