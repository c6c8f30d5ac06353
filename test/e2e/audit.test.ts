import { execFile } from 'node:child_process'
import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { KeptCheckpoints } from '../../schemas/audit.ts'
import type { FactOf } from '../../schemas/facts.ts'
import { auditSource } from '../../services/audit/audit-source.ts'
import { canonical } from '../../services/audit/chain.ts'
import { publicKeys } from '../../services/audit/keys.ts'
import { newestCheckpoints } from '../../services/audit/newest-checkpoints.ts'
import { verifyAudit } from '../../services/audit/verify-audit.ts'
import { auditCrashPoints } from '../../services/pipeline/crash-points.ts'
import { loadAuditRing } from '../../services/runtime/audit-ring.ts'
import { type Launched, launch } from '../../services/runtime/launcher.ts'
import { filesOf, recordsIn } from '../support/audit-export.ts'
import { until } from '../support/until.ts'
import { startWorld, type World } from '../support/world.ts'

let world: World
const exporters: Launched[] = []
const said: string[] = []
beforeAll(async () => {
  world = await startWorld({
    processes: [['ledger', 'intake', 'work']],
    // Relative to the config: in the world's own folder.
    overrides: { audit: { dir: 'audit', everyMs: 1_000, everyRecords: 3, fileBytes: 4_000 } },
  })
})
afterAll(async () => {
  for (const one of exporters) await one.close()
  await world?.close()
})

/** A process that exports, started again when it dies. `crash`: where it dies once, by `kill -9`. */
const exporter = (crash?: string): Launched => {
  const env = crash === undefined ? {} : { CURFEW_CRASH_AT: crash }
  const launched = launch({
    configFile: join(world.dir, 'curfew.yaml'),
    processes: [['audit']],
    env: { CURFEW_STATE_DIR: world.dir, ...env },
    onOutput: text => said.push(String(text)),
  })
  exporters.push(launched)
  return launched
}
/** As an auditor types it: no API, no Kafka, no config. */
const curfew = (...args: string[]) =>
  new Promise<{ code: number; out: string; err: string }>(resolve => {
    const file = join(import.meta.dirname, '../../services/curfew.ts')
    execFile(process.execPath, [file, 'audit', ...args], { env: {} }, (error, out, err) =>
      resolve({ code: Number(error?.code ?? 0), out, err }),
    )
  })
const dir = () => join(world.dir, 'audit')
const keep = async (name: string, ...args: string[]) => {
  const file = join(world.dir, name)
  const { code, out, err } = await curfew(...args)
  expect([code, err]).toEqual([0, ''])
  writeFileSync(file, out)
  return file
}

const die = async (session: string, count: number) => {
  await world.emitter.emit('curfew.session.started', { session })
  for (let i = 0; i < count; i += 1) await world.grant(session, await world.issuer.token())
  await world.emitter.emit('curfew.session.ended', { session })
}
/** A process starts again, takes the lease and joins its group. */
const waiting = { withinMs: 90_000 }
/** All that the facts have. */
const untilExported = (deaths: number) =>
  until(
    `${deaths} deaths are exported`,
    async () => {
      const [facts, records] = [await world.outcomes(), recordsIn(filesOf(dir()))]
      return facts.length >= deaths && records.length === facts.length && records
    },
    waiting,
  )

describe('receipts that an auditor can trust', () => {
  it('are one chain that has each receipt as the facts have it, through kill -9 of the exporter at every point', async () => {
    let deaths = 0
    const dying = async (session: string) => {
      await die(session, 4)
      deaths += 4
    }
    const keys = publicKeys(await loadAuditRing(world.config.keysDir, true))
    let kept: KeptCheckpoints | undefined
    for (const point of auditCrashPoints) {
      const died = join(world.dir, point)
      const one = exporter(`${point}:${died}`)
      await dying(`killed-${point}`)
      await until(`it dies ${point}`, () => existsSync(died), { withinMs: 60_000 })
      await untilExported(deaths)
      const report = await until(
        'all is signed',
        async () => {
          const seen = await verifyAudit({ source: auditSource(dir()), keys, since: kept })
          if (seen.unsigned > 0) throw new Error(`${point}: ${JSON.stringify(seen)}\n${said.slice(-10).join('')}`)
          return seen
        },
        waiting,
      )
      expect([report.problems, report.receipts >= deaths], point).toEqual([[], true])
      await one.close()
      kept = await newestCheckpoints(dir())
    }
    // Two at once, and each killed while receipts come.
    const both = [exporter(), exporter()]
    for (const [i, victim] of both.entries()) {
      const coming = die(`two-${i}`, 6)
      for (const pid of victim.pids()) process.kill(pid, 'SIGKILL')
      await coming
      deaths += 6
    }
    const records = await untilExported(deaths)
    const facts = (await world.outcomes()).map(one => canonical(one)).sort()
    expect(
      records.map(one => canonical((one.fact as unknown as FactOf<'outcome'>).receipt)).sort(),
      'each as often as in the facts',
    ).toEqual(facts)
    const key = await keep('audit-key.json', 'key', '--config', join(world.dir, 'curfew.yaml'))
    const since = join(world.dir, 'kept.json')
    writeFileSync(since, JSON.stringify(kept))
    const end = await curfew('verify', dir(), '--key', key, '--since', since)
    expect(end).toMatchObject({ code: 0, err: '' })
    expect(end.out).toMatch(/^AUDIT VERIFIED {2}\d+ receipts in 8 partitions/)
    await keep('newest.json', 'checkpoint', dir())
  }, 300_000)
})
