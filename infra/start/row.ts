import type { Ending } from './ending-of.ts'

/** One credential in words, each column on its own. */
export type Row = { credential: string; store: string; cause: string; lag: string; proof: string }

export const timeOfDay = (ms: number): string => new Date(ms).toISOString().slice(11, 19)

export const rowOf = (ending: Ending, now: number): Row => {
  const { holding, receipt, lagMs } = ending
  const { watched } = holding
  const base = { credential: holding.name, store: holding.store, lag: lagMs === undefined ? '' : `${lagMs} ms` }
  const proof = watched.proof ?? watched.last ?? ''
  const cause = receipt?.cause ?? ''
  switch (ending.state) {
    case 'issued':
      return { ...base, cause: 'issued', proof: '' }
    case 'open': {
      const pastDue = holding.dueAt !== undefined && holding.dueAt < now
      return { ...base, cause: pastDue ? 'PAST DUE' : 'alive', proof }
    }
    case 'refused':
      return { ...base, cause: 'refused', proof }
    case 'dead':
      return { ...base, cause, proof }
    case 'impossible':
      return { ...base, cause: 'impossible', lag: '-', proof: exposure(receipt?.exposedUntil, now) }
    case 'unexpected':
      return { ...base, cause: `${cause}?`, proof: `expected ${holding.expected.cause}; ${proof}` }
    case 'lie':
      return { ...base, cause, proof: `ACCEPTED AFTER THE RECEIPT: ${watched.last ?? ''}` }
  }
}

const exposure = (until: number | undefined, now: number): string => {
  if (until === undefined) return 'exposed, nobody knows how long'
  return `${until > now ? 'exposed until' : 'exposed until, now over:'} ${timeOfDay(until)} UTC`
}
