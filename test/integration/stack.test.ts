import { type ChildProcess, spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { Redis } from 'ioredis'
import { Kafka, logLevel } from 'kafkajs'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { childrenOf } from '../../infra/stack/child-processes.ts'
import { environmentOf } from '../../infra/stack/export-environment.ts'
import { findStacks } from '../../infra/stack/find-stacks.ts'
import { markOf } from '../../infra/stack/process-mark.ts'
import { recordFile, type StackRecord } from '../../infra/stack/stack-folder.ts'
import {
  type ComponentName,
  type StackAddresses,
  type StackControl,
  startStack,
} from '../../infra/stack/start-stack.ts'
import { waitUntil } from '../../infra/stack/wait-until.ts'
import { connectVaultAdmin } from '../../infra/vault/admin-client.ts'

const infra = path.join(import.meta.dirname, '..', '..', 'infra')
const startTimeoutMs = 300_000
// These tests start stacks of their own, also where the others are told to use one that is up.
for (const name of Object.keys(process.env)) {
  if (name.startsWith('CURFEW_') && name !== 'CURFEW_CACHE') vi.stubEnv(name, undefined)
}
const silent = { onProgress: () => {} }

/** Writes a mark into a component and reads it back, each time over a new connection. */
type Memory = { write: (mark: string) => Promise<void>; read: () => Promise<string | null | undefined> }

describe('a running stack', () => {
  let stack: StackControl
  beforeAll(async () => {
    stack = await startStack(silent)
  }, startTimeoutMs)
  afterAll(() => stack?.close(), 30_000)

  test.each<ComponentName>(['kafka', 'redis', 'vault', 'postgres'])(
    '%s comes back by itself after kill -9, with its data, at the same address',
    async name => {
      const memory = memories[name](stack.addresses)
      const mark = randomUUID()
      const before = (await stack.pids())[name] ?? 0
      await memory.write(mark)
      await stack.kill(name)
      expect(markOf(before)).toBeUndefined()
      await stack.ready(name)
      expect(await memory.read()).toBe(mark)
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
  const up = spawn(process.execPath, [path.join(infra, 'stack.ts'), 'up'], { env, stdio: ['ignore', 'ignore', 'pipe'] })
  let told = ''
  up.stderr.on('data', chunk => (told += String(chunk)))
  const [exitCode] = await once(up, 'close')
  rmSync(emptyCache, { recursive: true })
  expect(told).toMatch(/^[^\n]+ is missing\. Install it with: [^\n]+\n$/)
  expect(exitCode).toBe(69)
}, 30_000)

const memories: Record<ComponentName, (addresses: StackAddresses) => Memory> = {
  redis: ({ redisUrl }) => {
    const use = async <T>(work: (redis: Redis) => Promise<T>) => {
      const redis = new Redis(redisUrl, { lazyConnect: true, retryStrategy: () => null })
      redis.on('error', () => {})
      await redis.connect()
      return work(redis).finally(() => redis.disconnect())
    }
    return {
      write: async mark => void (await use(redis => redis.set('mark', mark))),
      read: () => use(redis => redis.get('mark')),
    }
  },
  postgres: ({ postgres }) => {
    const query = async (text: string, values: string[] = []) => {
      const { host, port, database, adminUser: user, adminPassword: password } = postgres
      const client = new pg.Client({ host, port, database, user, password, connectionTimeoutMillis: 1_000 })
      await client.connect()
      return client.query<{ opens: string }>(text, values).finally(() => client.end())
    }
    const insert = `INSERT INTO door VALUES ('mark', $1) ON CONFLICT (name) DO UPDATE SET opens = $1`
    return {
      write: async mark => void (await query(insert, [mark])),
      read: async () => (await query(`SELECT opens FROM door WHERE name = 'mark'`)).rows[0]?.opens,
    }
  },
  vault: ({ vault }) => ({
    write: async mark => {
      const admin = await connectVaultAdmin(vault)
      await admin.call('POST', 'secret/data/mark', { data: { mark } }).finally(admin.close)
    },
    read: async () => {
      const admin = await connectVaultAdmin(vault)
      const answer = await admin.call('GET', 'secret/data/mark').finally(admin.close)
      return (answer.body.data as { data: { mark: string } }).data.mark
    },
  }),
  kafka: ({ kafkaBrokers }) => {
    const kafka = new Kafka({ brokers: kafkaBrokers, logLevel: logLevel.NOTHING })
    return { write: mark => produceMark(kafka, mark), read: () => consumeMark(kafka) }
  },
}

async function produceMark(kafka: Kafka, mark: string): Promise<void> {
  const [admin, producer] = [kafka.admin(), kafka.producer({ allowAutoTopicCreation: false })]
  await Promise.all([admin.connect(), producer.connect()])
  await admin.createTopics({ topics: [{ topic: 'mark', numPartitions: 1 }] })
  await producer.send({ topic: 'mark', messages: [{ value: mark }] })
  await Promise.all([admin.disconnect(), producer.disconnect()])
}

async function consumeMark(kafka: Kafka): Promise<string | undefined> {
  const consumer = kafka.consumer({ groupId: randomUUID() })
  await consumer.connect()
  await consumer.subscribe({ topic: 'mark', fromBeginning: true })
  const { promise, resolve } = Promise.withResolvers<string | undefined>()
  await consumer.run({ eachMessage: async ({ message }) => resolve(message.value?.toString()) })
  return promise.finally(() => consumer.disconnect())
}

function readRecord(dataDir: string): StackRecord {
  return JSON.parse(readFileSync(recordFile(dataDir), 'utf8')) as StackRecord
}

/** Supervisor, components and their children. */
function familyOf(dataDir: string): number[] {
  const { supervisor, components } = readRecord(dataDir)
  const pids = Object.values(components).flatMap(mark => (mark ? [mark.pid] : []))
  return [supervisor.pid, ...pids, ...pids.flatMap(childrenOf)]
}

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
