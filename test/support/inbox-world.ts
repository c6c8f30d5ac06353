import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Config, config as configSchema } from '../../schemas/config.ts'
import type { Fact } from '../../schemas/facts.ts'
import { inboxPorts } from '../../services/inbox-wiring.ts'
import { type Edge, edge } from '../../services/intake/fingerprints.ts'
import type { Parts } from '../../services/roles.ts'
import { sealing } from '../../services/runtime/sealing.ts'
import { apiWorld } from './api-world.ts'
import { files } from './inbox-senders.ts'

const may = { lifecycle: false, grant: [], leak: false, admin: false }

export const inboxConfig = (senders: object[], secretsDir = '/nowhere'): Config => {
  const named = (value: unknown): unknown =>
    JSON.parse(JSON.stringify(value), (key, inner) => (key === 'file' ? join(secretsDir, inner) : inner))
  return configSchema.parse({
    kafka: { brokers: ['b'], principals: { lifecycle: 'p', grants: 'p', leaks: 'p' } },
    redis: { url: 'redis://127.0.0.1' },
    keysDir: 'k',
    principals: [
      { id: 'p', tenant: 'acme', may: { ...may, lifecycle: true, leak: true } },
      { id: 'scanner', tenant: 'acme', may: { ...may, leak: true } },
      { id: 'orchestrator', tenant: 'acme', may: { ...may, lifecycle: true } },
    ],
    stores: [],
    inbox: { senders: named(senders) },
  })
}

/** The API with the real inbox, over facts in memory and without Redis. Sealed values are their own fourth part. */
export const inboxWorld = (
  senders: object[],
  change: { edge?: Partial<Edge>; append?: (facts: Fact[]) => Promise<void>; now?: () => number } = {},
) => {
  const dir = mkdtempSync(join(tmpdir(), 'curfew-inbox-'))
  for (const [name, content] of Object.entries(files)) writeFileSync(join(dir, name), `${content}\n`)
  const facts: Fact[] = []
  const counted: Record<string, number> = {}
  const logged: object[] = []
  const peppers = new Map([1, 2].map(n => [`p${n}`, Buffer.alloc(32, n)]))
  const rings = { peppers: { current: 'p2', keys: peppers }, intake: { current: 'i1', keys: new Map() } }
  const seals = sealing({ current: 's1', keys: new Map([['s1', Buffer.alloc(32, 3)]]) })
  const parts = {
    config: inboxConfig(senders, dir),
    edge: {
      ...edge(rings, seals),
      open: (sealed: string) => Promise.resolve(sealed.split('.')[3] ?? ''),
      ...change.edge,
    },
    histograms: { observe: () => undefined },
    counters: {
      add: (name: string, labels: object, by = 1) => {
        const key = [name, ...Object.values(labels)].join(' ')
        counted[key] = (counted[key] ?? 0) + by
      },
    },
    redis: {
      pipeline: () => {
        throw new Error('Redis is away')
      },
    },
    log: (entry: object) => logged.push(entry),
  } as unknown as Parts
  const append = change.append ?? (async (stated: Fact[]) => void facts.push(...stated))
  const clock = change.now === undefined ? {} : { now: change.now }
  const close = () => rmSync(dir, { recursive: true })
  try {
    const ports = { ...inboxPorts(parts, { append } as never), append, log: parts.log, ...clock }
    return { ...apiWorld({ parts: ports }), facts, counted, logged, close }
  } catch (error) {
    close()
    throw error
  }
}
