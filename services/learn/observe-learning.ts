import type { InventoryEvent } from './close-gaps.ts'
import type { LearnEvent } from './learner.ts'

type Count = (name: string, labels: Record<string, string>, by?: number) => void
const advice: Record<string, string> = {
  accessor_hidden: 'PAGE the audit device hides accessors: declare it with hmac_accessor = "false"',
  values_in_clear:
    'PAGE the audit device writes values in clear: turn log_raw off, and tune audit_non_hmac_response_keys',
  target_hidden:
    "a login's name is hidden: tune the mount with audit_non_hmac_response_keys=username, to prove logins dead",
  no_hash:
    'PAGE sys/audit-hash does not answer us: while that is so, leaks wait (is learn.device right, and the policy?)',
  salt_changed: 'PAGE the audit device has another salt: leaked values that were learned before are not found by it',
}
const quietMs = 60_000

/** Every event counts; the same words once a minute. */
export const observeLearning = (
  store: string,
  log: (entry: object) => void,
  counters: { add: Count },
): ((event: LearnEvent | InventoryEvent) => void) => {
  const said = new Map<string, number>()
  const say = (key: string, entry: object) => {
    const now = performance.now()
    if (now - (said.get(key) ?? Number.NEGATIVE_INFINITY) < quietMs) return
    said.set(key, now)
    log({ store, ...entry })
  }
  const count = (name: string, labels: Record<string, string> = {}, by = 1) =>
    counters.add(name, { store, ...labels }, by)
  return happened => {
    switch (happened.event) {
      case 'learned':
        return count('curfew_learned_facts_total', {}, happened.facts)
      case 'gap':
        count('curfew_learn_gaps_total')
        return say(happened.reason, {
          msg: 'PAGE gap in the audit stream: an inventory closes it',
          reason: happened.reason,
        })
      case 'gap_closed':
        return log({ store, msg: 'the gap in the audit stream is closed by an inventory' })
      case 'refused':
        count('curfew_learn_refused_total', { code: happened.code })
        return say('refused', { msg: 'PAGE a learned grant was refused', code: happened.code })
      case 'trouble':
        count('curfew_learn_troubles_total', { trouble: happened.trouble })
        return say(happened.trouble, { msg: advice[happened.trouble] ?? happened.trouble })
      case 'missing':
        return say('missing', { msg: 'PAGE the audit file is not there: nothing is learned' })
      case 'stuck':
        count('curfew_learn_retries_total')
        return say('stuck', { msg: 'learning waits, and reads again', error: happened.error })
      case 'inventory_taken':
        count('curfew_learn_inventories_total', { result: 'taken' })
        return log({ store, msg: 'inventory', tokens: happened.tokens, ours: happened.ours, leases: happened.leases })
      case 'inventory_failed':
        count('curfew_learn_inventories_total', { result: 'failed' })
        return say('inventory_failed', { msg: 'the inventory waits for the store', error: happened.error })
    }
  }
}
