import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { childrenOf } from '../../infra/stack/child-processes.ts'
import { markOf } from '../../infra/stack/process-mark.ts'
import type { Report } from '../../infra/start/report.ts'
import { until } from '../support/until.ts'

const program = join(import.meta.dirname, '..', '..', 'infra', 'start.ts')
// Nothing of a start may be left in it: its temporary folder, its state and its own working directory.
const place = mkdtempSync(join(tmpdir(), 'curfew-test-start-'))
// PostgreSQL passes through it under another uid.
chmodSync(place, 0o711)
afterAll(() => rmSync(place, { recursive: true, force: true }))

type Started = {
  child: ChildProcess
  temporary: string
  stdout(): string
  stderr(): string
  exitCode: Promise<number | null>
}
const begin = (args: string[], { ownStack = false } = {}): Started => {
  const temporary = mkdtempSync(join(place, 'tmp-'))
  chmodSync(temporary, 0o711)
  const inherited = Object.entries(process.env).filter(
    ([name]) => !ownStack || !name.startsWith('CURFEW_') || name === 'CURFEW_CACHE',
  )
  const own = { XDG_STATE_HOME: join(place, 'state'), TMPDIR: temporary }
  const child = spawn(process.execPath, [program, ...args], {
    cwd: place,
    env: { ...Object.fromEntries(inherited), ...own },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const out: Buffer[] = []
  const err: Buffer[] = []
  child.stdout.on('data', chunk => out.push(chunk))
  child.stderr.on('data', chunk => err.push(chunk))
  const text = (chunks: Buffer[]) => Buffer.concat(chunks).toString('utf8')
  const exitCode = once(child, 'close').then(([code]) => code as number | null)
  return { child, temporary, stdout: () => text(out), stderr: () => text(err), exitCode }
}
const familyOf = (pid: number): number[] => childrenOf(pid).flatMap(child => [child, ...familyOf(child)])
/** Waits for what it should show; an end before that is told with its reason. */
const showsOrEnds = async (run: Started, shown: () => boolean): Promise<void> => {
  const ended = run.exitCode.then(code => {
    throw new Error(`ended with ${code}:\n${run.stderr()}`)
  })
  await Promise.race([until('it is shown', shown, { withinMs: 120_000, everyMs: 10 }), ended])
}
const left = (pids: number[]) => pids.filter(pid => markOf(pid) !== undefined)
const foldersIn = (temporary: string) => readdirSync(temporary).filter(name => name.startsWith('curfew-'))

describe('npm start -- --once --json', () => {
  it('ends with one JSON object: every revocable credential accepted before and refused after, each by its cause', async () => {
    const run = begin(['--once', '--json'])
    const exitCode = await run.exitCode
    expect(exitCode, run.stderr()).toBe(0)
    const lines = run.stdout().trimEnd().split('\n')
    expect(lines).toHaveLength(1)
    const report = JSON.parse(lines[0] ?? '') as Report
    // A batch token, a JWT, a shared version, a key from an environment.
    expect(report.impossible).toBe(4)
    expect(report.acceptedBefore).toBe(report.grants - report.impossible)
    expect(report.refusedAfter).toBe(report.acceptedBefore)
    expect(report.aliveNow).toBe(0)
    expect(report.lagMs?.max).toBeLessThan(30_000)
    expect(report.scenarios.filter(one => !one.asExpected)).toEqual([])
    expect(report.scenarios.flatMap(one => one.credentials).filter(one => one.exposedUntil)).toHaveLength(2)
    expect(Object.keys(report.stores).sort()).toEqual([
      'aws-local',
      'legacy-mcp',
      'mcp-keys',
      'oauth-local',
      'vault-kv',
      'vault-local',
    ])
    expect(foldersIn(run.temporary)).toEqual([])
  }, 180_000)
})

describe('npm start until it is told to end', () => {
  it.each<NodeJS.Signals>(['SIGINT', 'SIGHUP'])(
    'shows deaths as plain lines where there is no terminal, and %s leaves no process and no folder',
    async signal => {
      const run = begin([])
      const death = /token run-\d+ +vault-local +\w+ +\d+ ms +GET secret\/data\/sample\/door: 403/
      await showsOrEnds(run, () => death.test(run.stdout()))
      const family = familyOf(run.child.pid ?? 0)
      expect(family.length).toBeGreaterThanOrEqual(3)
      expect(foldersIn(run.temporary)).toHaveLength(1)
      run.child.kill(signal)
      expect(await run.exitCode, run.stderr()).toBe(0)
      expect(left(family)).toEqual([])
      expect(foldersIn(run.temporary)).toEqual([])
    },
    180_000,
  )

  it('kill -9 leaves no process', async () => {
    const run = begin([])
    await showsOrEnds(run, () => /^pipeline: ready/m.test(run.stderr()))
    const family = familyOf(run.child.pid ?? 0)
    run.child.kill('SIGKILL')
    await run.exitCode
    await until('all have ended', () => left(family).length === 0)
  }, 180_000)

  it('Ctrl-C while the stack boots leaves no process and no folder', async () => {
    const run = begin([], { ownStack: true })
    await showsOrEnds(run, () => /redis: ready/.test(run.stderr()))
    const family = familyOf(run.child.pid ?? 0)
    run.child.kill('SIGINT')
    expect(await run.exitCode, run.stderr()).toBe(130)
    expect(left(family)).toEqual([])
    expect(foldersIn(run.temporary)).toEqual([])
  }, 180_000)
})

describe('npm start -- --no-sample', () => {
  it('without a config says what to type next', async () => {
    const run = begin(['--no-sample'])
    expect(await run.exitCode).toBe(78)
    expect(run.stderr()).toMatch(
      /^There is no config at .*curfew\.yaml\. Name one with: npm start -- --no-sample --config/,
    )
  }, 30_000)

  it('ends with 78 and the reason when a role is refused its start', async () => {
    const keysDir = join(place, 'broken-keys')
    mkdirSync(keysDir)
    writeFileSync(join(keysDir, 'peppers.json'), JSON.stringify({ current: 'lost', keys: {} }))
    const file = join(place, 'refused.yaml')
    const kafka = { brokers: ['127.0.0.1:1'], principals: { lifecycle: 'a', grants: 'a', leaks: 'a' } }
    const principals = [{ id: 'a', tenant: 'acme', may: {} }]
    const redis = { url: 'redis://127.0.0.1:1' }
    writeFileSync(file, JSON.stringify({ kafka, redis, keysDir, principals, stores: [] }))
    const run = begin(['--no-sample', '--roles', 'work', '--config', file])
    expect(await run.exitCode).toBe(78)
    expect(run.stderr()).toMatch(/the role work was refused its start: .*the current key "lost" is missing\n$/)
  }, 30_000)
})
