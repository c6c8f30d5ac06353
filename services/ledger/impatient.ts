import { FactsUnavailable } from '../pipeline/errors.ts'
import type { FactLog } from '../pipeline/ports.ts'

const waitMs = 1_000
const restMs = 5_000

/**
 * A log that gives up after a second, and for some seconds after that at once. The append may still succeed behind it: an
 * unknown result is harmless, since a fact that is appended twice is one fact.
 */
export const impatient = (log: FactLog): FactLog => {
  let restingUntil = 0
  return {
    append: async facts => {
      if (Date.now() < restingUntil) throw new FactsUnavailable(new Error('it did not acknowledge a moment ago'))
      const appending = log.append(facts)
      let timer: NodeJS.Timeout | undefined
      const late = new Promise<never>((_, reject) => {
        timer = setTimeout(() => reject(new FactsUnavailable(new Error(`not within ${waitMs} ms`))), waitMs)
      })
      try {
        await Promise.race([appending, late])
      } catch (error) {
        restingUntil = Date.now() + restMs
        appending.catch(() => undefined)
        throw error
      } finally {
        clearTimeout(timer)
      }
    },
  }
}
