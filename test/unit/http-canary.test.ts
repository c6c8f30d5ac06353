import { describe, expect, it } from 'vitest'
import type { Receipt } from '../../schemas/receipt.ts'
import { type CanaryParts, startCanary } from '../../services/canary/canary.ts'
import { until } from '../support/until.ts'

type Told = { sent: string[]; deaths: number[]; stuck: string[]; pages: string[]; begun: number }

/** A canary over ports in memory; the lease allows one run. */
const canary = async (change: Partial<CanaryParts>, over: (told: Told) => boolean): Promise<Told> => {
  const told: Told = { sent: [], deaths: [], stuck: [], pages: [], begun: 0 }
  const running = startCanary({
    config: { store: 'vault-a', kind: 'vault.token', tokenRole: 'canary', everyMs: 60 },
    lease: {
      take: () => Promise.resolve(told.begun++ === 0),
      keep: () => Promise.resolve(),
      release: () => Promise.resolve(),
    },
    create: () => Promise.resolve({ handle: 'accessor', expiresAt: Date.now() + 60_000 }),
    send: type => Promise.resolve(void told.sent.push(type)),
    receiptOf: () => Promise.resolve(undefined),
    blockedBy: () => Promise.resolve(undefined),
    lastVerifiedAt: () => Promise.resolve(undefined),
    rememberDeath: at => Promise.resolve(void told.deaths.push(at)),
    onStuck: reason => told.stuck.push(reason),
    log: entry => told.pages.push((entry as { msg: string }).msg),
    ...change,
  })
  try {
    await until('the canary has run', () => over(told), { withinMs: 5_000, everyMs: 10 })
  } finally {
    await running.close()
  }
  return told
}
const receipt = (outcome: Receipt['outcome']) => Promise.resolve({ outcome, settledAt: 7 } as Receipt)

describe('the canary', () => {
  it('goes the way of everybody, and only its verified death counts', async () => {
    const told = await canary({ receiptOf: () => receipt('verified') }, ({ deaths }) => deaths.length > 0)
    expect(told.sent).toEqual(['curfew.session.started', 'curfew.credential.granted', 'curfew.session.ended'])
    expect(told.deaths).toEqual([7])
  })
  it('another outcome is paged and is no death', async () => {
    const told = await canary({ receiptOf: () => receipt('unproven') }, ({ pages }) => pages.length > 0)
    expect(told).toMatchObject({ deaths: [], pages: ['PAGE a canary was not proven dead'] })
  })
  it('one that cannot be made sends nothing, and three periods without a death are paged', async () => {
    const create = () => Promise.resolve({ problem: { code: 'sealed', detail: 'sealed' } as const })
    const told = await canary({ create }, ({ pages }) => pages.some(page => page.includes('three periods')))
    expect(told).toMatchObject({ sent: [], deaths: [], stuck: [] })
  })
  it('what was made before it failed is granted and ended all the same, and is no death of this canary', async () => {
    const left = { store: 'vault-a', kind: 'vault.token', handle: 'inner' }
    const create = () => Promise.resolve({ problem: { code: 'unreachable', detail: 'AWS is away' } as const, left })
    const sent: [string, unknown][] = []
    const send: CanaryParts['send'] = (type, data) => Promise.resolve(void sent.push([type, data]))
    const told = await canary({ create, send }, () => sent.length === 3)
    const granted = sent.filter(([type]) => type === 'curfew.credential.granted').map(([, data]) => data)
    expect(sent.at(-1)?.[0]).toBe('curfew.session.ended')
    expect(granted).toEqual([expect.objectContaining({ ...left, session: expect.stringMatching(/^canary-/) })])
    expect(told.deaths).toEqual([])
  })
  it('one that neither dies nor is blocked asks for a new start', async () => {
    expect((await canary({}, ({ stuck }) => stuck.length > 0)).stuck).toHaveLength(1)
  })
  it("one that the store blocks does not: that is the store's trouble", async () => {
    const blockedBy = () => Promise.resolve('permission')
    const told = await canary({ blockedBy }, ({ pages }) => pages.includes('the canary is blocked'))
    expect(told.stuck).toEqual([])
  })
})
