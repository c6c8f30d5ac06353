import type { SecretConfig } from '../../../schemas/secrets.ts'
import { keptHandle } from './kept-handle.ts'
import { type RotationView, type SecretView, stepOf, type VersionView } from './secret-view.ts'

/** Which of a secret's versions somebody asked its keeper for. */
export type AskedFor = 'current' | 'previous' | 'pending'

/** From the earliest moment at which consumers may have read it by name, to the latest. Epoch ms. */
type Stand = { version: VersionView; from: number; until: number }

/**
 * A version takes its place between two of our own facts: it was tested before, and was told to be promoted after. What somebody wrote
 * by hand took its place at some time since the version before it; the first one was there always.
 */
const standsOf = (view: SecretView): Stand[] => {
  const known = view.versions.flatMap(version => toldOf(view, version)).sort((a, b) => a.toldAt - b.toldAt)
  return known.map(({ version, from }, at) => ({
    version,
    from: from ?? known[at - 1]?.toldAt ?? 0,
    until: known[at + 1]?.toldAt ?? Number.POSITIVE_INFINITY,
  }))
}

type Told = { version: VersionView; toldAt: number; from?: number | undefined }

const toldOf = ({ rotations }: SecretView, version: VersionView): Told[] => {
  if (version.rotation === undefined) return [{ version, toldAt: version.at }]
  const rotation = rotations.find(one => one.rotation === version.rotation)
  const promoted = rotation && stepOf(rotation, 'promoted')
  if (!promoted || promoted.cid !== version.cid) return []
  return [{ version, toldAt: promoted.at, from: triedAt(rotation) ?? promoted.at }]
}

/** Of several attempts the first: its promotion may have had its effect without an answer. */
const triedAt = ({ steps }: RotationView): number | undefined => (steps.tested?.[0] ?? steps.issuing?.[0])?.at

/** A rotation that may have promoted its version by then and has not said so: what was read is known later. */
const isMoving = ({ rotations }: SecretView, at: number): boolean =>
  rotations.some(one => !one.ended && !stepOf(one, 'promoted') && (triedAt(one) ?? Number.POSITIVE_INFINITY) <= at)

/** Another clock, and times that are cut to the second. */
const slackMs = { before: 2_000, after: 3_000 }

/**
 * Every version that may have been read at that moment: more than one around a promotion. A `previous` or `pending` one that is not
 * known counts as the current one. Empty: nothing is known of the secret yet.
 */
export const versionsAt = (view: SecretView, at: number, asked: AskedFor = 'current'): VersionView[] => {
  const stands = standsOf(view)
  const stood = stands.filter(({ from, until }) => from <= at + slackMs.after && until >= at - slackMs.before)
  const neighbours = stood.flatMap(one => {
    const place = stands.indexOf(one)
    if (asked === 'current') return [one]
    if (asked === 'previous') return [stands[place - 1] ?? one]
    return [one, stands[place + 1] ?? one]
  })
  return [...new Set(neighbours)].map(one => one.version)
}

/** For a read of which no version is known yet: its moment. Never a label, which would be another version tomorrow. */
const handleOfMoment = ({ keeper }: SecretConfig, at: number) => `${keeper.name}#current@${new Date(at).toISOString()}`

export const momentOf = (handle: string): number | undefined => {
  const [, text = ''] = /#current@(\d{4}-[\dT:.-]+Z)$/.exec(handle) ?? []
  const at = Date.parse(text)
  return Number.isNaN(at) ? undefined : at
}

/** What whoever read a registered secret was granted. No view: what the facts add up to cannot be had now. */
export const handlesOfRead = (
  secret: SecretConfig,
  view: SecretView | undefined,
  version: { id: string } | { asked: AskedFor },
  at: number,
): string[] => {
  if ('id' in version) return [keptHandle(secret, version.id)]
  const read = view && !isMoving(view, at + slackMs.after) ? versionsAt(view, at, version.asked) : []
  const named = read.flatMap(one => (one.keeperVersion === undefined ? [] : [keptHandle(secret, one.keeperVersion)]))
  return named.length > 0 ? named : [handleOfMoment(secret, at)]
}
