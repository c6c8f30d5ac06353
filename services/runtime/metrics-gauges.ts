import { Gauge, type Registry } from 'prom-client'
import type { CanaryStatus, StateStatus } from '../../schemas/status.ts'

type Now = { status: StateStatus; canary: CanaryStatus }

/** What is so at this moment. Undefined: it cannot be read, and no gauge but that one is shown. */
export const stateGauges = (registry: Registry): ((now: Now | undefined) => void) => {
  const gauge = (name: string, help: string, labelNames: string[] = []) =>
    new Gauge({ name, help, labelNames, registers: [registry] })
  return now => {
    gauge('curfew_state_readable', 'Redis answered this scrape').set(now ? 1 : 0)
    if (!now) return
    storeGauges(gauge, now.status)
    readingGauges(gauge, now)
  }
}

type MakeGauge = (name: string, help: string, labelNames?: string[]) => Gauge

const storeGauges = (gauge: MakeGauge, { stores, held }: StateStatus) => {
  const alive = gauge('curfew_alive_past_due', 'Due and not proven dead', ['store'])
  const oldest = gauge('curfew_alive_past_due_oldest_seconds', 'Age of the oldest of them; 0: none', ['store'])
  const outstanding = gauge('curfew_outstanding_grants', 'Credentials without an outcome', ['store'])
  const blocked = gauge('curfew_blocked', 'Due and refused by the store', ['store', 'reason'])
  for (const one of stores) {
    const { store } = one
    alive.set({ store }, one.alivePastDue)
    oldest.set({ store }, (one.oldestPastDueMs ?? 0) / 1_000)
    outstanding.set({ store }, one.outstanding)
    for (const [reason, count] of Object.entries(one.blockedByCode)) blocked.set({ store, reason }, count)
  }
  gauge('curfew_held', 'Inferred kills held by the cap').set(held)
}

const readingGauges = (gauge: MakeGauge, { status, canary }: Now) => {
  gauge('curfew_ready', 'The state is whole: no rebuild is under way').set(status.ready ? 1 : 0)
  gauge('curfew_clock_skew_seconds', "This process's clock minus Redis's").set(status.skewMs / 1_000)
  gauge('curfew_offset_gaps', 'Input partitions with a gap').set(status.gap?.length ?? 0)
  const age = gauge('curfew_caught_up_age_seconds', 'How old is what is known to be read', ['input'])
  const { grants, lifecycle } = status.caughtUpAgeMs
  if (grants !== undefined) age.set({ input: 'grants' }, grants / 1_000)
  if (lifecycle !== undefined) age.set({ input: 'lifecycle' }, lifecycle / 1_000)
  const next = gauge('curfew_next_expiries', 'Credentials that are due by themselves soon', ['within'])
  next.set({ within: '5m' }, status.nextWithin.minutes5)
  next.set({ within: '1h' }, status.nextWithin.hour1)
  next.set({ within: '24h' }, status.nextWithin.hours24)
  if (!canary.configured) return
  // Never seen to die: infinitely old, so that the alert fires and does not wait for a first value.
  gauge('curfew_canary_age_seconds', 'Since the last verified death of a canary', ['store']).set(
    { store: canary.store ?? '' },
    canary.ageMs === undefined ? Number.POSITIVE_INFINITY : canary.ageMs / 1_000,
  )
}
