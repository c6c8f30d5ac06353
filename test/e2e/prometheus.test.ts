import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { freePort } from '../../infra/stack/free-port.ts'
import { endSession, expectAllDead, openSessions } from '../support/load.ts'
import { sendPoison } from '../support/poison.ts'
import { promtool, withoutPrometheus } from '../support/prometheus.ts'
import { type PrometheusServer, startPrometheus } from '../support/prometheus-server.ts'
import { until as untilSoon } from '../support/until.ts'
import { startWorld, type World } from '../support/world.ts'

/** An alert comes by way of a scrape and an evaluation. */
const until = <T>(what: string, condition: () => T | Promise<T>) => untilSoon(what, condition, { withinMs: 90_000 })
let world: World
let prometheus: PrometheusServer
let port = 0
beforeAll(async () => {
  if (withoutPrometheus !== undefined) return
  port = await freePort()
  world = await startWorld({
    processes: [['ledger', 'intake', 'work'], ['work'], ['api']],
    overrides: {
      api: { port },
      bounds: { credentialMs: 2_000 },
      canary: { store: 'vault-local', tokenRole: 'curfew-canary', everyMs: 2_000 },
    },
  })
  prometheus = await startPrometheus(`127.0.0.1:${port}`)
})
afterAll(async () => {
  await prometheus?.close()
  await world?.close()
})

const firing = async (name: string) =>
  (await prometheus.alerts()).find(one => one.labels.alertname === name && one.state === 'firing')

describe.skipIf(withoutPrometheus)(withoutPrometheus ?? 'a real Prometheus beside a running Curfew', () => {
  it('nothing pages while all is well', async () => {
    await until('a canary died', () => prometheus.value('curfew_canary_age_seconds < 6'))
    await until('no page', async () => (await prometheus.alerts()).every(one => one.labels.severity !== 'page'))
  })

  it('what stays alive because its store is away is paged with the store and the age; when it is dead the page ends', async () => {
    const sessions = await openSessions(world, 2)
    await world.stack.stop('vault')
    for (const one of sessions) await endSession(world, one)
    const { annotations, labels } = await until('the page', () => firing('CurfewAlivePastDue'))
    expect(labels).toMatchObject({ severity: 'page', store: 'vault-local' })
    expect(annotations.summary).toMatch(
      /^\d+ credential\(s\) at vault-local are alive past due .* oldest for [\d.]+s\.$/,
    )
    await world.stack.start('vault')
    await expectAllDead(world, sessions)
    await until('the page ends', async () => (await firing('CurfewAlivePastDue')) === undefined)
  })

  it('the first poison event opens a ticket', async () => {
    expect(await firing('CurfewDeadLettersGrowing')).toBeUndefined()
    await (await sendPoison(world)).close()
    const { labels } = await until('the ticket', () => firing('CurfewDeadLettersGrowing'))
    expect(labels.topic).toMatch(/task-lifecycle|credential-grants|leak-detections/)
  })

  it('a restart of every process resets no counter and invents no deaths', async () => {
    const deaths = 'sum(curfew_lag_seconds_count)'
    const before = await until('deaths are counted', () => prometheus.value(deaths))
    for (const pid of world.launched.pids()) process.kill(pid, 'SIGKILL')
    await until('it was away', async () => (await prometheus.value('up{job="curfew"}')) === 0)
    await until('it is back', () => prometheus.value('curfew_outcomes_read == 1 and on() up{job="curfew"} == 1'))
    expect(await prometheus.value(deaths)).toBe(before)
    for (const name of ['outcomes_total', 'lag_seconds_count', 'store_calls_total', 'store_call_seconds_count'])
      expect([name, await prometheus.value(`sum(resets(curfew_${name}[10m]))`)]).toEqual([name, 0])
  })

  it('what was scraped is what promtool accepts, and every metric of the table is in it', async () => {
    await until('the lag of the inputs', () => prometheus.value('1 + curfew_consumer_lag_records'))
    const answer = await fetch(`http://127.0.0.1:${port}/metrics`, { headers: { connection: 'close' } })
    const text = await answer.text()
    expect(promtool(['check', 'metrics'], text)).toEqual({ status: 0, output: '' })
    const stages = [...text.matchAll(/^curfew_stage_seconds_count\{.*stage="([\w-]+)".*\} [1-9]/gm)].map(one => one[1])
    expect([...new Set(stages)].sort()).toEqual([
      ...['dead-verified', 'due-step', 'occurred-received', 'received-due', 'step-dead'],
    ])
    for (const name of ofTheTable) expect(text, name).toContain(`# TYPE ${name} `)
  })
})

/** But curfew_blocked and the rotations' times: nothing is blocked, and nothing was rotated. */
const ofTheTable = [
  ...['curfew_lag_seconds', 'curfew_proof_delay_seconds', 'curfew_stage_seconds', 'curfew_alive_past_due'],
  ...['curfew_alive_past_due_oldest_seconds', 'curfew_outcomes_total', 'curfew_store_calls_total'],
  ...['curfew_store_call_seconds', 'curfew_held', 'curfew_dead_letters_total', 'curfew_canary_age_seconds'],
  ...['curfew_consumer_lag_records', 'curfew_caught_up_age_seconds', 'curfew_rotations_in_flight'],
  ...['curfew_outstanding_grants', 'curfew_next_expiries'],
]
