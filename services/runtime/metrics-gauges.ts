import type { SecretEntry } from '../../schemas/http-secrets.ts'
import { rotationStep } from '../../schemas/secrets.ts'
import type { CanaryStatus, StateStatus } from '../../schemas/status.ts'
import type { Family, Labels } from './exposition.ts'
import { helpOf } from './metric-help.ts'

export type Now = {
  status: StateStatus
  canaries: CanaryStatus[]
  secrets: SecretEntry[]
  /** Unread records by topic; a topic that could not be asked about is absent. */
  consumerLag: Record<string, number>
}

/** What is so at this moment. Undefined: it cannot be read, and no gauge but that one is shown. */
export const stateGauges = (now: Now | undefined): Family[] => {
  const readable = gauge('curfew_state_readable', [[{}, now ? 1 : 0]])
  return now
    ? [readable, ...storeGauges(now.status), ...readingGauges(now), ...canaryGauges(now), flight(now)]
    : [readable]
}

const gauge = (name: string, values: [labels: Labels, value: number][]): Family => ({
  name,
  type: 'gauge',
  help: helpOf(name),
  samples: values.map(([labels, value]) => ({ labels, value })),
})

const storeGauges = ({ stores, held }: StateStatus): Family[] => {
  const each = (name: string, value: (one: StateStatus['stores'][number]) => number) =>
    gauge(
      name,
      stores.map(one => [{ store: one.store }, value(one)]),
    )
  return [
    each('curfew_alive_past_due', one => one.alivePastDue),
    each('curfew_alive_past_due_oldest_seconds', one => (one.oldestPastDueMs ?? 0) / 1_000),
    each('curfew_alive_past_due_over_bound', one => one.overBound),
    each('curfew_outstanding_grants', one => one.outstanding),
    gauge(
      'curfew_blocked',
      stores.flatMap(({ store, blockedByCode }) =>
        Object.entries(blockedByCode).map(([reason, count]): [Labels, number] => [{ store, reason }, count]),
      ),
    ),
    gauge('curfew_held', [[{}, held]]),
  ]
}

const readingGauges = ({ status, consumerLag }: Now): Family[] => {
  const ages = Object.entries(status.caughtUpAgeMs).flatMap(([input, age]): [string, number][] =>
    age === undefined ? [] : [[input, age]],
  )
  const { minutes5, hour1, hours24 } = status.nextWithin
  return [
    gauge('curfew_ready', [[{}, status.ready ? 1 : 0]]),
    gauge('curfew_clock_skew_seconds', [[{}, status.skewMs / 1_000]]),
    gauge('curfew_offset_gaps', [[{}, status.gap?.length ?? 0]]),
    gauge(
      'curfew_caught_up_age_seconds',
      ages.map(([input, age]) => [{ input }, age / 1_000]),
    ),
    gauge('curfew_next_expiries', [
      [{ within: '5m' }, minutes5],
      [{ within: '1h' }, hour1],
      [{ within: '24h' }, hours24],
    ]),
    gauge(
      'curfew_consumer_lag_records',
      Object.entries(consumerLag).map(([topic, records]) => [{ topic }, records]),
    ),
  ]
}

const canaryGauges = ({ canaries }: Now): Family[] => {
  const each = (name: string, value: (one: CanaryStatus) => number) =>
    gauge(
      name,
      canaries.map(one => [{ store: one.store ?? '', kind: one.kind ?? '' }, value(one)]),
    )
  return canaries.length === 0
    ? []
    : [
        // Never seen to die: infinitely old, so that the alert fires and does not wait for a first value.
        each('curfew_canary_age_seconds', one => (one.ageMs ?? Number.POSITIVE_INFINITY) / 1_000),
        each('curfew_canary_period_seconds', one => (one.everyMs ?? 0) / 1_000),
      ]
}

/** By the last step that was taken; `requested`: none yet. Every step has its line, so that an empty one is seen to be empty. */
const flight = ({ secrets }: Now): Family => {
  const open = secrets.flatMap(({ rotation }) => (rotation ? [rotation.steps.at(-1)?.step ?? 'requested'] : []))
  return gauge(
    'curfew_rotations_in_flight',
    ['requested', ...rotationStep.options].map(step => [{ step }, open.filter(one => one === step).length]),
  )
}
