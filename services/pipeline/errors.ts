import type { Fact } from '../../schemas/facts.ts'

/**
 * Why a store call did not do what was asked. `detail` is ours or the store's bounded error text, never a body or a value.
 * `throttled` is neither a failure of the store nor a refusal at the door.
 */
export type ProblemCode =
  | 'permission' // the store refuses *us*: a human must act
  | 'sealed'
  | 'unreachable'
  | 'timeout' // the result is unknown: probe first, then repeat
  | 'throttled'
  | 'backend' // the store answered that its own backend failed
  | 'protocol' // an answer that this version does not know
/** `putOff`: only the look is late, the store itself would take a step. */
export type Problem = { code: ProblemCode; detail: string; retryAfterMs?: number; putOff?: boolean }

/** Cuts and flattens a store's error text: bounded, one line. */
export const boundedText = (text: string, length = 200) => text.replaceAll(/\s+/g, ' ').trim().slice(0, length)

/** Bad input: goes to the dead letters with its reason, or back to the sender as a 4xx. Never carries a value. */
export class RejectedEvent extends Error {
  readonly code: string
  constructor(code: string, message: string) {
    super(message)
    this.name = 'RejectedEvent'
    this.code = code
  }
}

/** The facts could not be made durable: nothing was promised. */
export class FactsUnavailable extends Error {
  constructor(cause: unknown) {
    super('the facts topic did not acknowledge', { cause })
    this.name = 'FactsUnavailable'
  }
}

/**
 * A hash that matching needs cannot be had now (a Vault is down): the leak must be sent, or read, again. `known` is what could
 * be had, and `facts` what it states: they may act at once.
 */
export class FingerprintsUnavailable extends Error {
  readonly stores: string[]
  readonly known: string[]
  readonly facts: Fact[]
  constructor(stores: string[], known: string[], facts: Fact[] = []) {
    super(`the leaked value cannot be looked for at ${stores.join(', ')} now`)
    this.name = 'FingerprintsUnavailable'
    this.stores = stores
    this.known = known
    this.facts = facts
  }
}

/** An unsafe or wrong setting: nothing that time will mend. The process ends with 78 and says why. */
export class StartRefused extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'StartRefused'
  }
}
