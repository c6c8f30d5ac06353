import { afterEach, describe, expect, it } from 'vitest'
import { type LiveHub, liveHub, type Section, type Viewer } from '../../services/api/live/live-hub.ts'
import { until } from '../support/until.ts'

type Told = { event: string; id: string | undefined; sections?: Record<string, unknown>; readAt?: number }
let hub: LiveHub | undefined
afterEach(() => hub?.close())

const viewer = (tenant: string, reads = () => true) => {
  const told: Told[] = []
  let dropped = 0
  const one: Viewer = {
    tenant,
    send: (event, id, data) => {
      told.push({ event, id, ...JSON.parse(data) })
      return reads()
    },
    drop: () => {
      dropped += 1
    },
  }
  return { ...one, told, dropped: () => dropped, last: () => told.at(-1) }
}
const hubOf = (sections: Section[]) => {
  hub = liveHub({
    sections,
    now: Date.now,
    boot: 'b1',
    trouble: { code: 'away', message: 'Redis is away' },
    tickMs: 5,
  })
  return hub
}
const counter = (name: string, value: () => unknown, shared = false) => {
  const asked: string[] = []
  const section: Section = {
    name,
    everyMs: 0,
    shared,
    read: tenant => {
      asked.push(tenant)
      return Promise.resolve(value())
    },
  }
  return { section, asked }
}

describe('one reading for all viewers', () => {
  it('a newcomer is told everything at once, and then only what has changed', async () => {
    let n = 1
    const [fixed, moving] = [counter('fixed', () => 'same'), counter('moving', () => n)]
    const live = hubOf([fixed.section, moving.section])
    const one = viewer('acme')
    live.join(one, undefined)
    await until('the first message', () => one.told.length > 0, { everyMs: 1 })
    expect(one.told[0]?.sections).toEqual({ fixed: 'same', moving: 1 })
    n = 2
    await until('the change', () => one.told.some(each => each.sections?.moving === 2), { everyMs: 1 })
    expect(one.told.slice(1).some(each => 'fixed' in (each.sections ?? {}))).toBe(false)
  })
  it('a hundred viewers cost as many readings as one', async () => {
    const status = counter('status', () => 1)
    const live = hubOf([status.section])
    const all = Array.from({ length: 100 }, () => viewer('acme'))
    for (const one of all) live.join(one, undefined)
    await until('everybody was told twice', () => all.every(one => one.told.length >= 2), { everyMs: 1 })
    expect(status.asked.length).toBeLessThanOrEqual((all[0]?.told.length ?? 0) + 2)
  })
  it('what is the same for all tenants is read once for all; the rest is each tenant’s own', async () => {
    const [shared, own] = [counter('shared', () => 1, true), counter('own', () => 2)]
    const live = hubOf([shared.section, own.section])
    const [acme, other] = [viewer('acme'), viewer('other')]
    live.join(acme, undefined)
    live.join(other, undefined)
    await until('both were told', () => acme.told.length > 1 && other.told.length > 1, { everyMs: 1 })
    expect(new Set(own.asked)).toEqual(new Set(['acme', 'other']))
    expect(shared.asked.length).toBeLessThanOrEqual(Math.max(acme.told.length, other.told.length) + 1)
  })
  it('who comes back with the last id is told what changed since; the id of another start means nothing', async () => {
    const fixed = counter('fixed', () => 'same')
    const live = hubOf([fixed.section])
    const [stays, back, stranger] = [viewer('acme'), viewer('acme'), viewer('acme')]
    live.join(stays, undefined)
    await until('told', () => stays.told.length > 1, { everyMs: 1 })
    live.join(back, stays.last()?.id)
    live.join(stranger, 'b0.9999')
    expect([back.told[0]?.sections, stranger.told[0]?.sections]).toEqual([{}, { fixed: 'same' }])
  })
  it('who does not read is dropped at once, and the others go on', async () => {
    const live = hubOf([counter('x', () => Math.random()).section])
    const [slow, quick] = [viewer('acme', () => false), viewer('acme')]
    live.join(slow, undefined)
    live.join(quick, undefined)
    await until('the quick one goes on', () => quick.told.length > 3, { everyMs: 1 })
    expect([slow.told.length, slow.dropped(), live.viewers()]).toEqual([1, 1, 1])
  })
  it('without a viewer nothing is read', async () => {
    const status = counter('status', () => 1)
    const live = hubOf([status.section])
    const leave = live.join(viewer('acme'), undefined)
    await until('read', () => status.asked.length > 0, { everyMs: 1 })
    leave()
    await live.close()
    const before = status.asked.length
    await until('some ticks', () => new Promise(resolve => setTimeout(() => resolve(true), 30)))
    expect(status.asked.length).toBe(before)
  })
  it('a state that cannot be read is told as trouble, never as an old reading with a new time', async () => {
    let away = false
    const section: Section = {
      name: 'status',
      everyMs: 0,
      read: () => (away ? Promise.reject(new Error('away')) : Promise.resolve('fine')),
    }
    const live = hubOf([section])
    const one = viewer('acme')
    live.join(one, undefined)
    await until('fine', () => one.told.length > 0, { everyMs: 1 })
    away = true
    await until('trouble', () => one.last()?.event === 'trouble', { everyMs: 1 })
    const late = viewer('acme')
    live.join(late, undefined)
    expect(late.told[0]?.readAt).toBe(one.told.findLast(each => each.event === 'change')?.readAt)
  })
})
