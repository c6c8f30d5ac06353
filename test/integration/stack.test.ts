import { type ChildProcess, spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { chmodSync, existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { text } from 'node:stream/consumers'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { componentNames } from '../../infra/stack/addresses.ts'
import { childrenOf } from '../../infra/stack/child-processes.ts'
import { forgetful, memories } from '../../infra/stack/component-memory.ts'
import { environmentOf } from '../../infra/stack/export-environment.ts'
import { findStacks } from '../../infra/stack/find-stacks.ts'
import { markOf } from '../../infra/stack/process-mark.ts'
import { familyOf, readRecord } from '../../infra/stack/stack-folder.ts'
import { type StackAddresses, type StackControl, startStack } from '../../infra/stack/start-stack.ts'
import { waitUntil } from '../../infra/stack/wait-until.ts'

const infra = path.join(import.meta.dirname, '..', '..', 'infra')
const startTimeoutMs = 300_000
// These tests start stacks of their own, also where the others are told to use one that is up.
for (const name of Object.keys(process.env)) {
  if (name.startsWith('CURFEW_') && name !== 'CURFEW_CACHE') vi.stubEnv(name, undefined)
}
const silent = { onProgress: () => {} }

describe('a running stack', () => {
  let stack: StackControl
  beforeAll(async () => {
    stack = await startStack(silent)
  }, startTimeoutMs)
  afterAll(() => stack?.close(), 30_000)

  test.each(componentNames)(
    '%s comes back by itself after kill -9, at the same address, with its data unless it is forgetful',
    async name => {
      const memory = memories[name](stack.addresses)
      const mark = randomUUID()
      const before = (await stack.pids())[name] ?? 0
      await memory.write(mark)
      await stack.kill(name)
      expect(markOf(before)).toBeUndefined()
      await stack.ready(name)
      expect(await memory.read()).toBe(forgetful.includes(name) ? undefined : mark)
      expect((await stack.pids())[name]).not.toBe(before)
    },
    60_000,
  )

  test('a stopped component stays down until it is started', async () => {
    await stack.stop('redis')
    expect(await stack.pids()).not.toHaveProperty('redis')
    await expect(memories.redis(stack.addresses).read()).rejects.toThrow()
    await stack.start('redis')
    expect(await stack.pids()).toHaveProperty('redis')
  }, 30_000)

  test('a paused component is silent and goes on with the same process', async () => {
    const { postgres: pid } = await stack.pids()
    await stack.pause('postgres')
    await expect(memories.postgres(stack.addresses).read()).rejects.toThrow(/timeout/)
    await stack.resume('postgres')
    await stack.ready('postgres')
    expect((await stack.pids()).postgres).toBe(pid)
  }, 30_000)

  test('another process that is given its variables attaches to it, and its close ends nothing', async () => {
    const program = `const stack = await startStack(); console.log(JSON.stringify(await stack.pids())); await stack.close()`
    const attached = runOwner(program, environmentOf(stack.addresses))
    expect(JSON.parse(await firstLine(attached))).toEqual(await stack.pids())
    await once(attached, 'exit')
    await stack.ready('redis')
  }, 60_000)
})

test(
  'up, status, env and down leave it running between the commands, and nothing after them',
  async () => {
    const temporary = mkdtempSync(path.join(tmpdir(), 'curfew-cli-'))
    chmodSync(temporary, 0o711)
    const stack = (...args: string[]) => runCommand(args, { TMPDIR: temporary })
    expect((await stack('up')).exitCode).toBe(0)
    const addresses = JSON.parse((await stack('env', '--json')).stdout) as StackAddresses
    expect((await stack('env')).stdout).toContain(`export CURFEW_REDIS_URL='${addresses.redisUrl}'`)
    expect(await stack('status')).toMatchObject({ exitCode: 0, stdout: expect.stringMatching(/kafka +pid \d+/) })
    const processes = familyOf(addresses.dataDir)
    expect((await stack('down')).exitCode).toBe(0)
    await expectNothingLeft(addresses.dataDir, processes)
    expect((await stack('status')).exitCode).toBe(3)
    rmSync(temporary, { recursive: true })
  },
  startTimeoutMs,
)

describe('the end of a stack', () => {
  test(
    'close leaves no process and no file',
    async () => {
      const stack = await startStack(silent)
      const processes = familyOf(stack.addresses.dataDir)
      expect(processes.length).toBeGreaterThan(5)
      await stack.close()
      expect(processes.filter(pid => markOf(pid) !== undefined)).toEqual([])
      expect(existsSync(stack.addresses.dataDir)).toBe(false)
    },
    startTimeoutMs,
  )

  test.each<NodeJS.Signals>(['SIGKILL', 'SIGINT', 'SIGHUP'])(
    'an owner ended by %s leaves no process and no file',
    async signal => {
      const owner = runOwner(
        'const stack = await startStack(); console.log(stack.addresses.dataDir); setInterval(() => {}, 1e9)',
      )
      const dataDir = await firstLine(owner)
      const processes = familyOf(dataDir)
      owner.kill(signal)
      await expectNothingLeft(dataDir, processes)
    },
    startTimeoutMs,
  )

  test(
    'an owner killed while the stack boots leaves no process and no file',
    async () => {
      const owner = runOwner(
        `await startStack({ onProgress: line => line.startsWith('redis: ready') && console.log(process.pid) })`,
      )
      await firstLine(owner)
      const supervisors = childrenOf(owner.pid ?? 0)
      const booting = findStacks().find(({ record }) => supervisors.includes(record.supervisor.pid))
      expect(booting?.record.addresses).toBeUndefined()
      const processes = familyOf(booting?.folder ?? '')
      owner.kill('SIGKILL')
      await expectNothingLeft(booting?.folder ?? '', processes)
    },
    startTimeoutMs,
  )

  test(
    'what a supervisor ended by kill -9 left is removed by the next start',
    async () => {
      const first = await startStack(silent)
      const processes = familyOf(first.addresses.dataDir)
      await killSupervisor(first.addresses.dataDir)
      const second = await startStack(silent)
      await expectNothingLeft(first.addresses.dataDir, processes)
      await second.close()
    },
    startTimeoutMs,
  )
})

test('a missing prerequisite is named in one line with the command that installs it, before any download', async () => {
  const emptyCache = mkdtempSync(path.join(tmpdir(), 'curfew-empty-cache-'))
  const env = { PATH: emptyCache, CURFEW_CACHE: emptyCache, TMPDIR: emptyCache }
  const { stderr: told, exitCode } = await runCommand(['up'], env)
  rmSync(emptyCache, { recursive: true })
  expect(told).toMatch(/^[^\n]+ is missing\. Install it with: [^\n]+\n$/)
  expect(exitCode).toBe(69)
}, 30_000)

async function killSupervisor(dataDir: string): Promise<void> {
  const { pid } = readRecord(dataDir).supervisor
  process.kill(pid, 'SIGKILL')
  await waitUntil('the supervisor to be gone', 5_000, async () => expect(markOf(pid)).toBeUndefined())
}

async function expectNothingLeft(dataDir: string, processes: number[]): Promise<void> {
  await waitUntil('everything to end', 15_000, async () => {
    expect(processes.filter(pid => markOf(pid) !== undefined)).toEqual([])
    expect(existsSync(dataDir)).toBe(false)
  })
}

function runOwner(program: string, variables: Record<string, string> = {}): ChildProcess {
  const module = JSON.stringify(path.join(infra, 'stack', 'start-stack.ts'))
  const source = `import { startStack } from ${module}; ${program}`
  const env = { ...process.env, ...variables }
  return spawn(process.execPath, ['--input-type=module', '-e', source], { env, stdio: ['ignore', 'pipe', 'ignore'] })
}

async function firstLine(child: ChildProcess): Promise<string> {
  const [chunk] = await once(child.stdout as NodeJS.ReadableStream, 'data')
  return String(chunk).trim()
}

async function runCommand(args: string[], variables: Record<string, string>) {
  const env = { ...process.env, ...variables }
  const child = spawn(process.execPath, [path.join(infra, 'stack.ts'), ...args], {
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const [stdout, stderr, [exitCode]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')])
  return { stdout, stderr, exitCode: exitCode as number }
}
