import { globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { parse, stringify } from 'yaml'
import { dashboard } from '../../infra/grafana/dashboard.ts'
import { counters, histograms } from '../../services/runtime/counters.ts'
import { countingRedis, receiptOf, shownMetrics } from '../support/metrics-world.ts'
import { promtool, withoutPrometheus } from '../support/prometheus.ts'

const folder = join(import.meta.dirname, '..', '..', 'infra')
const read = (file: string) => readFileSync(join(folder, file), 'utf8')
type Panel = {
  title: string
  description?: string
  targets: { expr: string }[]
  gridPos: { x: number; y: number; w: number; h: number }
}
const panels = dashboard.panels as unknown as Panel[]
const exprs = panels.flatMap(panel => panel.targets.map(target => target.expr))

type Rules = { groups: { rules: { record?: string; expr: string }[] }[] }
const rules = globSync('prometheus/rules/*.yaml', { cwd: folder }).flatMap(file =>
  (parse(read(file)) as Rules).groups.flatMap(group => group.rules),
)
const recorded = rules.flatMap(rule => rule.record ?? [])

/** Every series that a Curfew in which everything once happened shows. */
const everything = async (): Promise<Set<string>> => {
  const { redis } = countingRedis()
  const [counted, observed] = [counters(redis, 'w'), histograms(redis, 'w')]
  for (const name of ['rotation_problems', 'audit_checkpoints', 'store_calls', 'events'])
    counted.add(`curfew_${name}_total`, { store: 'a' })
  for (const name of ['rotation', 'store_call', 'stage']) observed.observe(`curfew_${name}_seconds`, { store: 'a' }, 1)
  await Promise.all([counted.flush(), observed.flush()])
  const blocked = {
    store: 'a',
    alivePastDue: 1,
    overBound: 1,
    blockedByCode: { permission: 1 },
    held: 0,
    outstanding: 1,
  }
  const shown = shownMetrics(redis, { stores: [blocked] })
  shown.observe(receiptOf())
  shown.markRead()
  return new Set([...(await shown.render()).text.matchAll(/^(curfew_\w+)/gm)].map(match => match[1] ?? ''))
}
const named = (expr: string) => expr.match(/curfew[\w:]+/g) ?? []

describe('the Grafana dashboard', () => {
  it('what Grafana reads is what is written: `npm run grafana`', () => {
    expect(JSON.parse(read('grafana/dashboards/rotation-lag.json'))).toEqual(JSON.parse(JSON.stringify(dashboard)))
  })

  it('it and the alerts ask only for series that exist', async () => {
    const known = new Set([...(await everything()), ...recorded])
    const asked = [...exprs, ...rules.map(rule => rule.expr)].flatMap(named)
    expect(asked.length).toBeGreaterThan(50)
    expect([...new Set(asked)].filter(name => !known.has(name))).toEqual([])
  })

  it('it shows what on-call asks for, and each panel says what it means', () => {
    const all = exprs.join('\n')
    for (const name of [
      ...['lag_seconds', 'stage_seconds', 'alive_past_due', 'canary_age_seconds', 'held', 'blocked'],
      ...['dead_letters_total', 'consumer_lag_records', 'rotations_in_flight'],
    ])
      expect(all).toContain(`curfew_${name}`)
    for (const { title, description } of panels) expect([title, (description ?? '').length > 8]).toEqual([title, true])
  })

  it('no panel lies over another one', () => {
    const cells = panels.flatMap(({ gridPos: { x, y, w, h } }) =>
      Array.from({ length: w * h }, (_, at) => `${x + (at % w)},${y + Math.floor(at / w)}`),
    )
    expect(new Set(cells).size).toBe(cells.length)
    expect(Math.max(...panels.map(({ gridPos: { x, w } }) => x + w))).toBeLessThanOrEqual(24)
  })

  it('it uses the data source that is provisioned', () => {
    const { datasources } = parse(read('grafana/provisioning/datasources/prometheus.yaml')) as {
      datasources: { uid: string }[]
    }
    const used = new Set([...JSON.stringify(dashboard).matchAll(/"uid":"([^"]+)"/g)].map(match => match[1]))
    used.delete(dashboard.uid ?? '')
    expect([...used]).toEqual(datasources.map(one => one.uid))
  })
})

describe.skipIf(withoutPrometheus)(withoutPrometheus ?? 'promtool', () => {
  it('every query of the dashboard is valid', () => {
    const dir = mkdtempSync(join(tmpdir(), 'curfew-grafana-'))
    const written = exprs.map((expr, at) => ({
      record: `query:${at}`,
      expr: expr.replaceAll('$__rate_interval', '1m').replaceAll(/\$(store|cause)/g, '.*'),
    }))
    writeFileSync(join(dir, 'queries.yaml'), stringify({ groups: [{ name: 'dashboard', rules: written }] }))
    const { status, output } = promtool(['check', 'rules', join(dir, 'queries.yaml')])
    rmSync(dir, { recursive: true })
    expect([status, output]).toEqual([0, expect.stringContaining(`${exprs.length} rules found`)])
  })
})
