import type { Dashboard } from '@grafana/schema'
import { lines, placed, stat, type Unplaced } from './panels.ts'

const chosen = '{store=~"$store",cause=~"$cause"}'
const atStore = '{store=~"$store"}'
const quantile = (q: number, metric: string, select: string, by: string) =>
  `histogram_quantile(${q}, sum by (le, ${by}) (rate(${metric}_bucket${select}[$__rate_interval])))`
const mean = (metric: string, select: string, by: string) =>
  `sum by (${by}) (rate(${metric}_sum${select}[$__rate_interval])) / sum by (${by}) (rate(${metric}_count${select}[$__rate_interval]))`
/** The upper bound of the highest bucket that something fell into: a histogram knows no exact maximum. */
const highest = (by: string) => quantile(1, 'curfew_lag_seconds', chosen, by)

/** The five questions first, in their order: what is alive, is Curfew well, what waits. */
const now: Unplaced[] = [
  stat(
    {
      title: 'Alive past due',
      description: 'Credentials that should be dead and are not. `curfew grants --alive-past-due`',
    },
    `sum(curfew_alive_past_due${atStore})`,
    { w: 5, h: 5 },
  ),
  stat(
    { title: 'The oldest of them', description: 'The bound of most stores is 30 s.' },
    `max(curfew_alive_past_due_oldest_seconds${atStore})`,
    { w: 4, h: 5 },
    { unit: 's', good: 30 },
  ),
  stat(
    {
      title: 'Canary, in periods',
      description: 'Age of the last proven death of a canary. Over 3: Curfew may not be killing at all.',
    },
    'max(curfew_canary_age_seconds / curfew_canary_period_seconds)',
    { w: 4, h: 5 },
    { good: 3 },
  ),
  stat(
    { title: 'Refuses Curfew', description: 'Blocked by permission: a person must act. `curfew doctor <store>`' },
    `sum(curfew_blocked{store=~"$store",reason="permission"}) or 0 * max(curfew_state_readable == 1)`,
    { w: 4, h: 5 },
  ),
  stat({ title: 'Held by the cap', description: 'Inferred kills that wait for a person.' }, 'max(curfew_held)', {
    w: 3,
    h: 5,
  }),
  stat(
    { title: 'Dead letters, 1 h', description: 'What could not be understood or was not allowed. `curfew dlq`' },
    'round(sum(increase(curfew_dead_letters_total[1h])))',
    { w: 4, h: 5 },
  ),
]

const lag: Unplaced[] = [
  lines(
    {
      title: 'Rotation lag by store',
      description:
        'Due until the first refusal after the last acceptance. The line is the objective: 99.9 % within 30 s.',
    },
    [
      { expr: quantile(0.5, 'curfew_lag_seconds', chosen, 'store'), legend: '{{store}} p50' },
      { expr: quantile(0.99, 'curfew_lag_seconds', chosen, 'store'), legend: '{{store}} p99' },
      { expr: highest('store'), legend: '{{store}} max' },
    ],
    { w: 12, h: 10 },
    { unit: 's', log: true, slo: 30 },
  ),
  lines(
    { title: 'Rotation lag by cause', description: 'The same, by why it had to die.' },
    [
      { expr: quantile(0.5, 'curfew_lag_seconds', chosen, 'cause'), legend: '{{cause}} p50' },
      { expr: quantile(0.99, 'curfew_lag_seconds', chosen, 'cause'), legend: '{{cause}} p99' },
      { expr: highest('cause'), legend: '{{cause}} max' },
    ],
    { w: 12, h: 10 },
    { unit: 's', log: true, slo: 30 },
  ),
  lines(
    { title: 'Deaths by cause', description: 'Receipts a minute.' },
    [{ expr: `60 * sum by (cause) (rate(curfew_outcomes_total${chosen}[$__rate_interval]))`, legend: '{{cause}}' }],
    { w: 12, h: 8 },
    { stacked: true, bars: true },
  ),
  lines(
    {
      title: 'Where the time goes',
      description:
        'Mean of each stage, from what happened to its proof. Before due no store is known; received-due is a part of due-step where the cause is an end.',
    },
    [{ expr: mean('curfew_stage_seconds', '{store=~"$store|"}', 'stage'), legend: '{{stage}}' }],
    { w: 12, h: 8 },
    { unit: 's', stacked: true },
  ),
  lines(
    {
      title: 'Late deaths',
      description: 'Share of what died later than 30 s after it was due; 0.001 is the objective.',
    },
    [
      { expr: 'curfew:lag_late:ratio_rate1h', legend: '1 h' },
      { expr: 'curfew:lag_late:ratio_rate6h', legend: '6 h' },
      { expr: 'curfew:lag_late:ratio_rate3d', legend: '3 d' },
    ],
    { w: 12, h: 8 },
    { unit: 'percentunit', slo: 0.001 },
  ),
  lines(
    {
      title: 'Until it is proven',
      description: 'First refusal until verified: a propagation window shows here, not in the lag.',
    },
    [{ expr: quantile(0.99, 'curfew_proof_delay_seconds', atStore, 'store'), legend: '{{store}} p99' }],
    { w: 12, h: 8 },
    { unit: 's', log: true },
  ),
]

const waiting: Unplaced[] = [
  lines(
    { title: 'Alive past due', description: 'By store.' },
    [{ expr: `curfew_alive_past_due${atStore}`, legend: '{{store}}' }],
    { w: 8, h: 8 },
    { stacked: true },
  ),
  lines(
    { title: 'Blocked', description: 'By store and reason.' },
    [{ expr: `curfew_blocked${atStore}`, legend: '{{store}} {{reason}}' }],
    { w: 8, h: 8 },
  ),
  lines(
    { title: 'Dead letters', description: 'In 15 minutes, by topic and reason.' },
    [{ expr: 'sum by (topic, reason) (increase(curfew_dead_letters_total[15m])) > 0', legend: '{{topic}} {{reason}}' }],
    { w: 8, h: 8 },
    { bars: true, stacked: true },
  ),
  lines(
    { title: 'Unread records', description: 'Written and not read yet, by topic.' },
    [{ expr: 'curfew_consumer_lag_records', legend: '{{topic}}' }],
    { w: 8, h: 8 },
  ),
  lines(
    { title: 'Age of what was read', description: 'Paged over 5 minutes.' },
    [{ expr: 'curfew_caught_up_age_seconds', legend: '{{input}}' }],
    { w: 8, h: 8 },
    { unit: 's', log: true, slo: 300 },
  ),
  lines(
    { title: 'Canary age', description: 'Since the last proven death of a canary.' },
    [{ expr: 'curfew_canary_age_seconds', legend: '{{store}} {{kind}}' }],
    { w: 8, h: 8 },
    { unit: 's' },
  ),
  lines(
    { title: 'Rotations in flight', description: 'By the last step that was taken.' },
    [{ expr: 'curfew_rotations_in_flight', legend: '{{step}}' }],
    { w: 8, h: 8 },
    { stacked: true },
  ),
  lines(
    { title: 'A rotation takes', description: 'Asked for until ended, overlap included, by keeper.' },
    [
      { expr: quantile(0.5, 'curfew_rotation_seconds', '', 'keeper'), legend: '{{keeper}} p50' },
      { expr: quantile(0.99, 'curfew_rotation_seconds', '', 'keeper'), legend: '{{keeper}} p99' },
    ],
    { w: 8, h: 8 },
    { unit: 's', log: true },
  ),
  lines(
    { title: 'Store calls', description: 'p99 of the answer, by store and operation.' },
    [
      {
        expr: quantile(0.99, 'curfew_store_call_seconds', atStore, 'store, operation'),
        legend: '{{store}} {{operation}}',
      },
    ],
    { w: 8, h: 8 },
    { unit: 's', log: true },
  ),
]

const variable = (name: string, label: string) => ({
  type: 'query' as const,
  name,
  label,
  datasource: { type: 'prometheus', uid: 'prometheus' },
  query: { query: `label_values(curfew_outcomes_total, ${name})`, refId: name },
  refresh: 2,
  includeAll: true,
  multi: true,
  allValue: '.*',
  current: { text: 'All', value: '$__all' },
})

export const dashboard: Dashboard = {
  uid: 'curfew-rotation-lag',
  title: 'Curfew: rotation lag',
  description:
    'Is anything alive that should be dead, is Curfew itself working, and where does the time go. Times are UTC.',
  tags: ['curfew'],
  schemaVersion: 41,
  editable: false,
  timezone: 'utc',
  refresh: '15s',
  time: { from: 'now-1h', to: 'now' },
  // The same instant in every panel.
  graphTooltip: 1,
  templating: { list: [variable('store', 'Store'), variable('cause', 'Cause')] as never },
  panels: placed([...now, ...lag, ...waiting]),
}
