import type { Preset } from '../../../schemas/preset.ts'
import type { Problem } from '../../pipeline/errors.ts'
import type { Issued, Lane } from '../../pipeline/ports.ts'
import { at, timeOf } from '../answer-fits.ts'
import { fillText, type Names } from '../template.ts'
import { issueName } from './issue-name.ts'
import { fitter, type ProductAnswer, type ProductCall, problemOf } from './product-call.ts'
import { namesOf } from './product-session.ts'

type Issue = NonNullable<Preset['issue']>
const unitMs = { milliseconds: 1, seconds: 1_000, minutes: 60_000, hours: 3_600_000, days: 86_400_000 }

/**
 * Issues a key that lives `lifeMs`, rounded up to what the product can do. A problem with code `timeout` leaves it open whether
 * there is a key now: it is searched for by its name.
 */
export const issueKey =
  ({ preset, issue, call, own }: { preset: Preset; issue: Issue; call: ProductCall; own: Names }) =>
  async (name: string, lifeMs: number, lane: Lane = 'kill'): Promise<Issued | { problem: Problem }> => {
    const { request, budget } = issue
    const names = issueNames(issue, name, lifeMs)
    const reply = await call({ operation: 'issue', request, budget, lane, names, fresh: true })
    if (!fitter(preset)(issue.done, reply)) return { problem: problemOf(reply, request) }
    return issued(preset, issue, reply, own)
  }

const issueNames = ({ life, name: { atMost } }: Issue, name: string, lifeMs: number): Names => {
  const units = Math.max(life.atLeast ?? 1, Math.ceil(lifeMs / unitMs[life.unit]))
  const end = new Date(Date.now() + units * unitMs[life.unit])
  const written = {
    iso: end.toISOString(),
    'epoch-seconds': Math.floor(end.getTime() / 1_000),
    'epoch-milliseconds': end.getTime(),
  }
  const values: Record<string, string | number> = {
    life: units,
    expiresAt: written[life.expiresAs],
    name: issueName(name, atMost),
  }
  return wanted => values[wanted]
}

const issued = ({ zone }: Preset, issue: Issue, { body }: ProductAnswer, own: Names): Issued | { problem: Problem } => {
  const handle = handleIn(issue.handle, body, own)
  const value = at(body, issue.value)
  if (handle === undefined) return nothingAt('handle', issue.handle, body)
  if (typeof value !== 'string' || value === '') return nothingAt('value', issue.value, body)
  if (handle.includes(value)) return { problem: { code: 'protocol', detail: 'issue: the handle is the key itself' } }
  const { expiresAt } = issue
  return {
    handle,
    value,
    ...(expiresAt === undefined ? {} : { expiresAt: timeOf(at(body, expiresAt.place), expiresAt.as, zone) }),
  }
}

const handleIn = (handle: Issue['handle'], body: unknown, own: Names): string | undefined => {
  if (typeof handle === 'object') {
    const answered: Names = name =>
      name.startsWith('answer.') ? plain(at(body, name.slice('answer.'.length))) : own(name)
    return fillText(handle.text, answered)
  }
  return plain(at(body, handle))
}
const plain = (value: unknown) =>
  Number.isSafeInteger(value) || (typeof value === 'string' && value !== '') ? String(value) : undefined

const nothingAt = (what: string, place: Issue['handle'], body: unknown): { problem: Problem } => ({
  problem: {
    code: 'protocol',
    detail: `issue: no ${what} at ${JSON.stringify(place)}; the answer has ${namesOf(body)}`.slice(0, 200),
  },
})
