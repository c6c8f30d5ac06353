import { randomUUID } from 'node:crypto'
import { existsSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { connect, createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import type { Fact } from '../../schemas/facts.ts'
import { vaultStoreConfig } from '../../schemas/store-vault.ts'
import { type SocketPlace, socketPlace } from '../../services/learn/audit-socket.ts'
import type { LearnEvent } from '../../services/learn/learner.ts'
import { learnRules } from '../../services/learn/rules.ts'
import { startSocketLearner } from '../../services/learn/socket-learner.ts'
import type { FactEntry } from '../../services/pipeline/fact-key.ts'
import type { HeldToken } from '../../services/pipeline/held-token.ts'
import { until } from '../support/until.ts'

/** Written by a real OpenBao 2.7.2. */
const recorded = readFileSync(join(import.meta.dirname, '../fixtures/openbao-2.7.2-audit.jsonl'), 'utf8')
  .trim()
  .split('\n')
const config = (auditSocket: string) =>
  vaultStoreConfig.parse({
    id: 'vault-main',
    kind: 'vault',
    address: 'https://127.0.0.1:8200',
    auth: { roleId: 'r', secretIdFile: 'f' },
    learn: {
      principal: 'p',
      auditSocket,
      paths: ['auth/token/create', 'auth/approle/login', 'database/creds/*'],
    },
  })

type Record = { request: { path: string }; response?: { auth?: { accessor?: string; metadata?: object } } }
const records = recorded.map(line => JSON.parse(line) as Record)
const marked = records.find(one => one.response?.auth?.accessor && 'session' in (one.response.auth.metadata ?? {}))
const accessor = marked?.response?.auth?.accessor ?? ''
const leased = recorded.find(line => line.includes('"lease_id":"database/creds/') && line.includes('"type":"response"'))

let path: string
let learner: Awaited<ReturnType<typeof startSocketLearner>> | undefined
let client: Socket | undefined
let stated: string[]
let told: LearnEvent[]
let tokens: Map<string, HeldToken>
let leases: Set<string>
let gaps: number
let closed: boolean
let read: number[]
let kafka: 'up' | 'down'
beforeEach(() => {
  path = join(tmpdir(), `audit-${randomUUID().slice(0, 8)}.sock`)
  stated = []
  told = []
  tokens = new Map([[accessor, held({ session: 'from-vault' })]])
  leases = new Set()
  gaps = 0
  closed = false
  read = []
  kafka = 'up'
})
afterEach(async () => {
  client?.destroy()
  await learner?.close()
  learner = undefined
  rmSync(path, { force: true })
})
const held = (metadata: object, more: Partial<HeldToken> = {}): HeldToken => ({
  accessor,
  path: 'auth/approle/login',
  metadata: metadata as HeldToken['metadata'],
  entity: '',
  issuedAt: Date.now(),
  expiresAt: Date.now() + 3_600_000,
  renewable: true,
  ...more,
})

const found = () => {
  gaps += 1
}
const start = async (place: SocketPlace) => {
  const store = config(`unix:${path}`)
  if (!store.learn) throw new Error('no learn')
  learner = await startSocketLearner({
    place,
    rules: learnRules({ ...store, learn: store.learn }, []),
    lookUp: { token: async one => tokens.get(one), lease: async one => leases.has(one) },
    facts: {
      append: (facts: FactEntry[]) => {
        if (kafka === 'down') return Promise.reject(new Error('no Kafka'))
        stated.push(...facts.map(fact => JSON.stringify(fact)))
        return Promise.resolve()
      },
    },
    factsOf: event => Promise.resolve([JSON.parse(event.raw.body.toString()) as Fact]),
    gaps: { found, closed: () => closed, close: () => Promise.resolve() },
    clock: () => Promise.resolve(Date.now()),
    readUpTo: at => Promise.resolve(void read.push(at)),
    tell: event => told.push(event),
  })
}
const open = async (to: SocketPlace) => {
  client = 'path' in to ? connect(to.path) : connect(to.port, to.host)
  const socket = client
  await new Promise<void>((resolve, reject) => socket.once('connect', resolve).once('error', reject))
  return socket
}
const said = () => until('something is stated', () => stated.join('\n') || undefined)

it('who may connect is decided by the file: only this user; what is there in the store is granted as it was recorded', async () => {
  await start({ path })
  expect(statSync(path).mode & 0o777).toBe(0o600)
  const socket = await open({ path })
  // Whole lines, however they are cut.
  const text = `${JSON.stringify(marked)}\n`
  socket.write(text.slice(0, 100))
  socket.write(text.slice(100))
  expect(await said()).toContain(accessor)
  leases.add((/"lease_id":"(database[^"]+)"/.exec(leased ?? '') ?? [])[1] ?? '')
  socket.write(`${leased}\n`)
  await until('the lease too', () => stated.join().includes('vault.lease'))
})

it('what the store does not confirm is not granted: a token or a lease that is not there', async () => {
  tokens.clear()
  await start({ path })
  const socket = await open({ path })
  socket.write(`${JSON.stringify(marked)}\n${leased}\n`)
  tokens.set('last', held({ session: 's' }, { accessor: 'last' }))
  socket.write(`${JSON.stringify(marked).replaceAll(accessor, 'last')}\n`)
  expect(await said()).toContain('"last"')
  expect(stated).toHaveLength(1)
})

it('over TCP anybody on this machine may connect: a forged line cannot name a session, a lease or a hash', async () => {
  const free = createServer().listen(0, '127.0.0.1')
  await new Promise(resolve => free.once('listening', resolve))
  const { port } = free.address() as { port: number }
  await new Promise(resolve => free.close(resolve))
  const place = socketPlace(`tcp:127.0.0.1:${port}`)
  await start(place)
  leases.add((/"lease_id":"(database[^"]+)"/.exec(leased ?? '') ?? [])[1] ?? '')
  const forged = JSON.stringify(marked).replace(/"metadata":\{[^}]*\}/g, '"metadata":{"session":"of-the-forger"}')
  tokens.set('unmarked', held({}, { accessor: 'unmarked' }))
  const socket = await open(place)
  socket.write(`${leased}\n${forged.replaceAll(accessor, 'unmarked')}\n${forged}\n`)
  const all = await said()
  expect(all).toContain('from-vault')
  for (const not of ['of-the-forger', 'vault.lease', 'unmarked', 'audit-vault-main']) expect(all).not.toContain(not)
})

it('each start and each connection is a gap; nothing counts as read while one is open or nobody is connected', async () => {
  await start({ path })
  expect(gaps).toBe(1)
  const socket = await open({ path })
  await until('the connection is a gap', () => gaps === 2)
  expect(read).toEqual([])
  closed = true
  await until('it is read up to now', () => read.length > 0)
  expect(told).toContainEqual({ event: 'gap_closed' })
  closed = false
  socket.destroy()
  await until('its end is one, and paged', () => told.some(one => one.event === 'gap'))
  const before = read.length
  closed = true
  await until('the gap is closed', () => told.filter(one => one.event === 'gap_closed').length === 2)
  expect(read.length, 'nobody is connected').toBe(before)
})

it('what is no audit record never ends the reading, and is a gap', async () => {
  await start({ path })
  const socket = await open({ path })
  socket.write(`not json\n\n{}\n[]\nnull\n${JSON.stringify(marked)}\n`)
  expect(await said()).toContain(accessor)
  expect(told).toContainEqual({ event: 'gap', reason: 'a line is not JSON' })
})

it('while Kafka is away the device never waits, and what was learned is stated afterwards', async () => {
  kafka = 'down'
  await start({ path })
  const socket = await open({ path })
  const lines = recorded.join('\n').repeat(200)
  await new Promise<void>(resolve => socket.write(`${JSON.stringify(marked)}\n${lines}\n`, () => resolve()))
  await until('all was taken from it', () => socket.writableLength === 0 && told.some(one => one.event === 'stuck'))
  kafka = 'up'
  expect(await said()).toContain(accessor)
})

it('the socket of a process that was killed is taken over; one that somebody listens on is not', async () => {
  writeFileSync(path, '')
  await start({ path })
  await expect(start({ path })).rejects.toThrow('another process listens')
  expect(existsSync(path)).toBe(true)
})

it('only loopback and files can be configured', () => {
  for (const wrong of ['tcp:0.0.0.0:9090', 'tcp:10.0.0.1:9090', 'unix:relative', '/run/audit.sock', 'udp:127.0.0.1:1'])
    expect(() => config(wrong)).toThrow('nobody who connects is authenticated')
  expect(socketPlace('tcp:[::1]:9090')).toEqual({ host: '::1', port: 9090 })
  expect(config('unix:/run/curfew/audit.sock').learn?.auditSocket).toBe('unix:/run/curfew/audit.sock')
})
