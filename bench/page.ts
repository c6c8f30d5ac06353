import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Kafka, logLevel, Partitioners } from 'kafkajs'
import type { Page } from 'playwright-core'
import type { Fact } from '../schemas/facts.ts'
import type { ApiState } from '../schemas/http.ts'
import { factRecord } from '../services/pipeline/fact-key.ts'
import { openChromium } from '../test/support/chromium.ts'
import { facts } from '../test/support/facts.ts'
import { sharedStackClosed } from '../test/support/stack.ts'
import { until } from '../test/support/until.ts'
import { startWorld, type World } from '../test/support/world.ts'

/**
 * `node bench/page.ts [minutes] [grants]`: so many live grants through Kafka and the fold into a real Redis, two deaths and two
 * new grants a second on top, and a real Chromium that looks at the page: first paint, long tasks, memory, and what it costs
 * the API and Redis.
 */
const minutes = Number(process.argv[2] ?? 2)
const grants = Number(process.argv[3] ?? 10_000)
const hour = 3_600_000
const perSecond = 2

const world = await startWorld({ processes: [['ledger'], ['intake'], ['api']] })
const browser = await openChromium()
const send = await sender(world)
try {
  await fill()
  const api = await until(
    'the API listens',
    () => JSON.parse(readFileSync(join(world.dir, 'api.json'), 'utf8')) as ApiState,
  )
  const idle = await costOf(api.pid, world, 10_000)
  say(`nobody looks: ${idle}`)
  const page = await (await browser.newContext({ viewport: { width: 1360, height: 900 }, locale: 'en-US' })).newPage()
  await page.addInitScript(`window.longTasks = []; new PerformanceObserver(list => {
    for (const one of list.getEntries()) longTasks.push([one.startTime, one.duration]) }).observe({ type: 'longtask', buffered: true })`)
  const begun = performance.now()
  await page.goto(`${api.url}/#token=${api.token}`)
  await page.waitForSelector('#live[data-live="true"]')
  say(`first paint ${await paint(page)} ms after navigation, live after ${Math.round(performance.now() - begun)} ms`)
  say(`first paint of five more: ${(await paints(api)).join(', ')} ms`)
  say(`alive: ${await page.textContent('#figures')}`)
  const metrics = await page.context().newCDPSession(page)
  await metrics.send('Performance.enable')
  let deaths = 0
  const feeding = new AbortController()
  const fed = feed(feeding.signal, n => {
    deaths = n
  })
  for (let minute = 0; minute <= minutes; minute += 1) {
    const cost = minute === 0 ? '' : await costOf(api.pid, world, 60_000)
    await metrics.send('HeapProfiler.collectGarbage')
    const { metrics: found } = await metrics.send('Performance.getMetrics')
    const of = (name: string) => found.find(one => one.name === name)?.value ?? 0
    const tasks = (await page.evaluate('longTasks')) as [number, number][]
    const steady = tasks.filter(([at]) => at > 5_000)
    const longest = Math.round(Math.max(0, ...steady.map(([, ms]) => ms)))
    say(
      `minute ${minute}: heap ${(of('JSHeapUsedSize') / 1e6).toFixed(2)} MB, ${of('Nodes')} nodes, ${of('JSEventListeners')} listeners, ` +
        `${steady.length} long tasks (longest ${longest} ms), ${deaths} deaths fed. ${cost}`,
    )
  }
  feeding.abort()
  await fed
} finally {
  await browser.close()
  await send.close()
  await world.close()
  await sharedStackClosed()
}

function say(text: string) {
  process.stdout.write(`${text}\n`)
}

async function paint(page: Page) {
  const at = await page.evaluate(`performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? -1`)
  return Math.round(Number(at))
}

/** A new browser context each: nothing is cached. */
async function paints({ url, token }: ApiState) {
  const found: number[] = []
  for (let i = 0; i < 5; i += 1) {
    const context = await browser.newContext({ viewport: { width: 1360, height: 900 }, locale: 'en-US' })
    const page = await context.newPage()
    await page.goto(`${url}/#token=${token}`)
    await page.waitForSelector('#live[data-live="true"]')
    found.push(await paint(page))
    await context.close()
  }
  return found.sort((a, b) => a - b)
}

async function fill() {
  const now = Date.now()
  for (let n = 0; n < grants; n += 500) await send.all(Array.from({ length: 500 }, (_, i) => life(n + i, now)).flat())
  await until('all are folded', async () => (await world.redis.zcard(world.key('at:hard'))) >= grants, {
    withinMs: 300_000,
    everyMs: 500,
  })
}

/** Due over the next hours, a tenth within the hour. */
function life(n: number, at: number): Fact[] {
  const session = `run-${Math.floor(n / 4)}`
  const expiresAt = n % 10 === 0 ? at + 40 * 60_000 + (n % 3_000) * 1_000 : at + 6 * hour + n * 1_000
  return [
    facts.started(session, at),
    facts.granted(session, handleOf(n), at, { expiresAt }),
    facts.seen(handleOf(n), at),
  ]
}

function handleOf(n: number) {
  return `hvs.accessor-of-a-token-${n}`
}

function death(n: number, at: number): Fact {
  const lagMs = 20 + ((n * 37) % 180)
  const cause = n % 3 === 0 ? 'expired' : 'session_ended'
  const held = [{ tenant: 'acme', session: `run-${Math.floor(n / 4)}`, tasks: [], cause }]
  const times = { dueAt: at - lagMs, steppedAt: at - lagMs / 2, deadSince: at, settledAt: at + 5 }
  return facts.outcome(handleOf(n), at, { ...times, cause, grants: held })
}

/** The oldest die, and as many come after them. */
async function feed(signal: AbortSignal, told: (deaths: number) => void) {
  for (let n = 0; !signal.aborted; n += perSecond) {
    const at = Date.now()
    const round = Array.from({ length: perSecond }, (_, i) => n + i)
    await send.all(round.flatMap(i => [death(i, at), ...life(grants + i, at)]))
    told(n + perSecond)
    await sleep(1_000, undefined, { signal }).catch(() => undefined)
  }
}

async function sender({ config: { kafka: config } }: World) {
  const kafka = new Kafka({ brokers: config.brokers, clientId: 'filler', logLevel: logLevel.NOTHING })
  const producer = kafka.producer({ createPartitioner: Partitioners.DefaultPartitioner })
  await producer.connect()
  return {
    all: (all: Fact[]) =>
      producer.send({ topic: config.topics.facts, messages: all.map(one => factRecord(one, config.factsPartitions)) }),
    close: () => producer.disconnect(),
  }
}

/** CPU over a while, as a share of one core. */
async function costOf(pid: number, { redis }: World, ms: number) {
  const read = async () => {
    const [user = 0, system = 0] =
      readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ').slice(11, 13).map(Number) ?? []
    const info = await redis.info('cpu')
    const of = (name: string) => Number(new RegExp(`${name}:([\\d.]+)`).exec(info)?.[1] ?? 0)
    const rss = Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0)
    return { api: (user + system) * 10, redis: (of('used_cpu_user') + of('used_cpu_sys')) * 1_000, rss }
  }
  const [before, at] = [await read(), performance.now()]
  await sleep(ms)
  const [after, took] = [await read(), performance.now() - at]
  const share = (spent: number) => `${((spent / took) * 100).toFixed(1)} %`
  return `API ${share(after.api - before.api)} of a core, ${Math.round(after.rss / 1_024)} MB; Redis ${share(after.redis - before.redis)}`
}
