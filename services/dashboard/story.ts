import type { GrantEntry } from '../../schemas/http.ts'
import { duration, words } from './format.ts'

/** One line of a grant's story. */
export type StoryLine = { at: number; what: string; detail?: string | undefined; source?: string | undefined }

/** What the grant itself says, where nobody tells the whole story. */
export const storyOf = (grant: GrantEntry): StoryLine[] => {
  const { receipt, blocked, cause, dueAt, state } = grant
  const lines: (StoryLine | undefined)[] = [
    { at: grant.grantedAt, what: 'registered' },
    at(grant.seenAliveAt, 'seen alive', 'from here on a refusal can prove its death'),
    at(grant.expiresAt, 'expires by itself'),
    state === 'live'
      ? at(dueAt, 'due', 'the next moment at which it is due by itself')
      : at(dueAt, 'due', words(cause ?? '')),
    at(grant.heldSince, 'held', 'inferred kills are over the cap'),
    blocked && { at: blocked.since, what: 'blocked', detail: `${blocked.code}: ${blocked.detail}` },
    at(receipt?.steppedAt, 'revoked at the store', 'a success code is no proof'),
    at(receipt?.deadSince ?? grant.refusedSince, 'first refused', lagText(grant)),
    receipt && { at: receipt.settledAt, what: words(receipt.outcome), detail: evidenceText(grant), source: 'receipt' },
    at(receipt?.exposedUntil, 'exposed until', 'nobody can revoke it before'),
  ]
  return lines.filter(one => one !== undefined).sort((a, b) => a.at - b.at)
}

const at = (when: number | undefined, what: string, detail?: string): StoryLine | undefined =>
  when === undefined ? undefined : { at: when, what, ...(detail ? { detail } : {}) }

const lagText = ({ receipt }: GrantEntry) =>
  receipt?.deadSince === undefined ? undefined : `${duration(Math.max(0, receipt.deadSince - receipt.dueAt))} after due`
const evidenceText = ({ receipt }: GrantEntry) => {
  if (!receipt) return undefined
  const meaning = {
    used: 'the credential itself was refused',
    target: 'gone where it is enforced',
    issuer: 'only the issuer says so',
  }
  return [receipt.evidence && meaning[receipt.evidence], receipt.reason].filter(Boolean).join('; ') || undefined
}
