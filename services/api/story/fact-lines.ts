import type { StoryLine } from '../../../schemas/http-story.ts'
import type { Evidence, Receipt } from '../../../schemas/receipt.ts'
import type { FactEntry } from '../../pipeline/fact-key.ts'
import { duration } from '../duration.ts'
import type { PlacedFact, StoryRecord } from '../ports.ts'

const time = (at: number) => `${new Date(at).toISOString().slice(0, 19).replace('T', ' ')} UTC`
const short = (id: string) => id.slice(0, 8)
const words = (code: string) => code.replaceAll('_', ' ')

/** What each fact of the story says, and which record says it. */
export const factLines = ({ facts, sid, entry }: StoryRecord): StoryLine[] => {
  const active = facts.filter(({ fact }) => fact.kind === 'session.active')
  const told = facts.filter(({ fact }) => fact.kind !== 'session.active' && concerns(fact, entry.tasks))
  return [...told.flatMap(placed => linesOf(placed, sid)), ...activityLine(active)]
}

const concerns = (fact: FactEntry, tasks: string[]) => fact.kind !== 'task.ended' || tasks.includes(fact.task)

const sourceOf = ({ fact, place }: PlacedFact) =>
  fact.kind === 'shred' ? `facts ${place}` : `facts ${place}, event ${short(fact.event)} by ${fact.by}`

/** A minute of life is one fact: the story needs the last one, and how many there were. */
const activityLine = (active: PlacedFact[]): StoryLine[] => {
  const last = active.toSorted((a, b) => b.appendedAt - a.appendedAt)[0]
  if (!last || last.fact.kind === 'shred') return []
  const detail = `a sign of life in ${active.length} ${active.length === 1 ? 'minute' : 'minutes'}, the last one here`
  return [{ at: Math.min(last.fact.at, last.appendedAt), what: 'active', detail, source: sourceOf(last) }]
}

const linesOf = (placed: PlacedFact, sid: string): StoryLine[] => {
  const { fact, appendedAt } = placed
  const line = (what: string, ...details: (string | false | undefined)[]): StoryLine[] => {
    const detail = details.filter(one => one !== undefined && one !== false && one !== '').join(', ')
    const at = fact.kind === 'shred' ? appendedAt : fact.at
    return [{ at, what, ...(detail === '' ? {} : { detail }), source: sourceOf(placed) }]
  }
  switch (fact.kind) {
    case 'session.started':
      return line(
        'session started',
        fact.agent && `agent ${fact.agent}`,
        `at most ${duration(fact.maxLifeMs)}`,
        fact.idleMs !== undefined && `silent at most ${duration(fact.idleMs)}`,
      )
    case 'granted': {
      if (fact.sid !== sid) return line('shared', `session ${fact.session} holds it too`)
      const ends =
        fact.expiresAt !== undefined && `expires ${time(fact.expiresAt)}${fact.renewable ? ', renewable' : ''}`
      return line('registered', fact.task && `task ${fact.task}`, ends, fact.valueSealed && 'its value is kept sealed')
    }
    case 'session.ended':
    case 'task.ended': {
      const what = fact.kind === 'task.ended' ? `task ended` : 'session ended'
      const task = fact.kind === 'task.ended' && `task ${fact.task}`
      return line(what, task, words(fact.cause), fact.reason, fact.inferred && 'inferred')
    }
    case 'renewed':
      return line('renewed', `until ${time(fact.expiresAt)}`)
    case 'leaked':
      return line(
        'leaked',
        fact.source && `found at ${fact.source}`,
        fact.withValue ? 'with its value' : 'as a fingerprint',
      )
    case 'forced':
      return line('forced', fact.reason)
    case 'seen':
      return line('seen alive', fact.witness && `told to ${fact.witness}`)
    case 'relapsed':
      return line('RELAPSED', `seen alive again after its death: epoch ${fact.epoch}`)
    case 'shred':
      return line('shredded', 'a sealed value was destroyed')
    case 'version.held':
      return line('registered', `version ${fact.keeperVersion ?? '?'} of secret ${fact.secret}`)
    case 'version.superseded':
      return line(words(fact.cause), `a newer version of secret ${fact.secret} took its place`)
    case 'outcome':
      return receiptLines(fact.receipt, sourceOf(placed))
    default:
      return []
  }
}

const proof: Record<Evidence, string> = {
  used: 'the credential itself was refused',
  target: 'gone where it is enforced',
  issuer: 'only its issuer says so',
}

const receiptLines = (receipt: Receipt, source: string): StoryLine[] => {
  const { dueAt, steppedAt, deadSince, settledAt, outcome, evidence, cause } = receipt
  const after = (at: number) => `${duration(Math.max(0, at - dueAt))} after due`
  const why = [
    evidence && proof[evidence],
    receipt.reason,
    receipt.exposedUntil !== undefined && `exposed until ${time(receipt.exposedUntil)}`,
    `${receipt.attempts} ${receipt.attempts === 1 ? 'attempt' : 'attempts'}`,
    `receipt ${receipt.receipt}`,
  ].filter(one => one !== undefined && one !== false)
  return [
    ...(cause === 'first_probe' ? [] : [{ at: dueAt, what: 'due', detail: words(cause), source }]),
    ...(steppedAt === undefined
      ? []
      : [{ at: steppedAt, what: 'step', detail: 'its store was told to end it', source }]),
    ...(deadSince === undefined ? [] : [{ at: deadSince, what: 'refused', detail: after(deadSince), source }]),
    { at: settledAt, what: words(outcome), detail: why.join(', '), source },
  ]
}
