import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest'
import type { Store } from '../../services/pipeline/ports.ts'
import { type RotatedKeys, type RotatedSecret, rotatedKeys } from '../support/rotated-keys-world.ts'
import { type RotationWork, rotationWork } from '../support/rotation-work.ts'
import { until } from '../support/until.ts'

let keys: RotatedKeys
let one: RotatedSecret
let first: string
let issued: string[]
beforeAll(async () => {
  keys = await rotatedKeys()
})
afterAll(() => keys?.close())
beforeEach(async () => {
  one = await keys.product()
  first = await current()
  issued = []
})
afterEach(() => one.close())

const current = async () => (await one.kept.read())?.value ?? ''
/** Remembers what is issued; `before` is waited for ahead of each issue. */
const watched = (before: () => Promise<void> = async () => undefined): Store => {
  const { issue } = one.issuer
  if (!issue) throw new Error('the product issues')
  return {
    ...one.issuer,
    issue: async request => {
      await before()
      const made = await issue(request)
      if (!('problem' in made)) issued.push(made.value)
      return made
    },
  }
}
const workOver = async (issuer: Store, recheckMs?: number): Promise<RotationWork> => {
  const stores = new Map([
    [issuer.id, issuer],
    [keys.keeper.id, keys.keeper],
  ])
  const work = rotationWork({
    secret: one.secret,
    stores,
    sealing: keys.seals,
    ...(recheckMs === undefined ? {} : { recheckMs }),
  })
  await until('the first version was seen alive', async () => {
    await work.turn()
    const [version] = work.view().versions
    return version && (await work.parts().projection.load(version.cid))?.seenAt
  })
  return work
}
const living = async () => {
  const found = []
  for (const value of new Set([first, ...issued])) if (await one.accepts(value)) found.push(value)
  return found
}
const endedAll = (work: RotationWork) =>
  work.view().rotations.every(rotation => rotation.ended) && work.view().rotations.length > 0
const doneCount = (work: RotationWork) =>
  work.view().rotations.filter(rotation => rotation.ended?.result === 'done').length
const leak = (work: RotationWork, value: string) =>
  work.append([
    {
      v: 1,
      kind: 'leaked',
      at: Date.now(),
      event: crypto.randomUUID(),
      by: 'scanner',
      fingerprint: work.parts().fingerprint(value),
      withValue: true,
    },
  ])

it('two processes that run one rotation at once leave one living key and one new version', async () => {
  const work = await workOver(watched())
  work.request('by hand')
  const processes = [work.another(), work.another(), work.another()]
  await until('it has ended', async () => {
    await Promise.all(processes.map(process => work.turn(process)))
    return endedAll(work)
  })
  expect(await living()).toEqual([await current()])
  expect(await one.kept.readable()).toHaveLength(1)
  expect(doneCount(work)).toBe(1)
})

it('two rotations that begin at once run one after the other, and the second one is not needed any more', async () => {
  const work = await workOver(watched())
  work.request('one')
  work.request('two')
  const [a, b] = [work.another(), work.another()]
  await until('both have ended', async () => {
    await Promise.all([work.turn(a), work.turn(b)])
    return endedAll(work)
  })
  expect(await living()).toEqual([await current()])
  expect(issued).toHaveLength(1)
  expect(
    work
      .view()
      .rotations.map(rotation => rotation.ended?.result)
      .sort(),
  ).toEqual(['coalesced', 'done'])
})

it('a process that stood still while another one took over issues late: what it made is found and ended', async () => {
  let release: () => void = () => undefined
  const stands = new Promise<void>(resolve => {
    release = resolve
  })
  let times = 0
  const work = await workOver(
    watched(() => {
      times += 1
      return times === 1 ? stands : Promise.resolve()
    }),
    500,
  )
  work.request('by hand')
  const late = work.turn(work.another())
  await until('it stands still in its issue', () => times === 1)
  const other = work.another()
  await until('the other one has done it', async () => {
    await work.turn(other)
    return endedAll(work)
  })
  const before = await current()
  release()
  await late
  expect(issued, 'the late one issued all the same').toHaveLength(2)
  expect(await one.kept.staged(), 'and staged nothing').toBeUndefined()
  await until('what came late is dead', async () => {
    await work.turn(other)
    return (await living()).length === 1
  })
  expect(await current()).toBe(before)
  expect(await living()).toEqual([before])
})

it('a leak while a scheduled rotation is under way is answered by that rotation, without its overlap', async () => {
  one = { ...one, secret: { ...one.secret, overlapMs: 600_000 } }
  const work = await workOver(watched())
  work.request('scheduled')
  await until('it is promoted', async () => {
    await work.turn()
    return (await current()) !== first
  })
  expect(await one.accepts(first), 'the overlap').toBe(true)
  await leak(work, first)
  await until('it has ended', async () => {
    await work.turn()
    return endedAll(work)
  })
  expect(await living()).toEqual([await current()])
  expect(issued, 'one new key').toHaveLength(1)
  const [version] = work.view().versions
  expect(work.receiptOf(version?.cid ?? '')).toMatchObject({ cause: 'leaked', outcome: 'verified' })
})

it('a second leak of the same value, and a leak of what is dead, do nothing', async () => {
  const work = await workOver(watched())
  await leak(work, first)
  await leak(work, first)
  await until('it has ended', async () => {
    await work.turn()
    return endedAll(work)
  })
  await leak(work, first)
  for (let turn = 0; turn < 10; turn += 1) await work.turn()
  expect(doneCount(work)).toBe(1)
  expect(issued).toHaveLength(1)
  expect(await living()).toEqual([await current()])
})

it('a leak of the new value while its rotation is under way: another one takes its place', async () => {
  const work = await workOver(watched())
  work.request('by hand')
  await until('it is issued', async () => {
    await work.turn()
    return issued.length === 1
  })
  await leak(work, issued[0] ?? '')
  await until('the leaked one is replaced', async () => {
    await work.turn()
    return endedAll(work) && !(await one.accepts(issued[0] ?? ''))
  })
  expect(await living()).toEqual([await current()])
  expect(await current()).not.toBe(issued[0])
  expect(await current()).not.toBe(first)
})

it('what somebody wrote by hand meanwhile is not overwritten, and is replaced by the next rotation', async () => {
  const byHand = await keys.product()
  const work = await workOver(watched())
  work.request('by hand')
  const promote = keys.keeper.keeper?.promote
  if (!promote || !keys.keeper.keeper) throw new Error('a keeper promotes')
  const handWritten = {
    value: (await byHand.kept.read())?.value ?? '',
    handle: (await byHand.kept.read())?.handle ?? '',
  }
  let written = false
  keys.keeper.keeper.promote = async (...args) => {
    if (!written) await one.kept.write(handWritten)
    written = true
    return promote(...args)
  }
  try {
    await until('it has ended', async () => {
      await work.turn()
      return endedAll(work)
    })
  } finally {
    keys.keeper.keeper.promote = promote
  }
  expect(work.view().rotations[0]?.ended).toMatchObject({ result: 'rolled_back' })
  expect(await current()).toBe(handWritten.value)
  expect(await one.accepts(issued[0] ?? ''), 'what was not promoted').toBe(false)
  work.request('once more')
  await until('it has ended', async () => {
    await work.turn()
    return endedAll(work)
  })
  expect(await one.accepts(handWritten.value)).toBe(false)
  expect(await living()).toEqual([await current()])
  await byHand.close()
})

it('a new value that is refused where it is used is rolled back: the old one works on, nothing new is alive', async () => {
  const refusing: Store = { ...watched(), use: () => Promise.resolve({ state: 'refused' }) }
  const work = await workOver(refusing)
  work.request('by hand')
  await until('it has ended', async () => {
    await work.turn()
    return endedAll(work)
  })
  expect(work.view().rotations[0]?.ended).toMatchObject({ result: 'rolled_back' })
  expect(await current()).toBe(first)
  expect(await living()).toEqual([first])
  expect(await one.kept.staged()).toBeUndefined()
})

it('a place of use that accepts everybody passes nothing', async () => {
  const open: Store = { ...watched(), use: () => Promise.resolve({ state: 'accepted' }) }
  const work = await workOver(open)
  work.request('by hand')
  await until('it has ended', async () => {
    await work.turn()
    return endedAll(work)
  })
  expect(work.view().rotations[0]?.ended).toMatchObject({
    result: 'rolled_back',
    reason: 'a word that nobody issued is accepted too',
  })
  expect(await living()).toEqual([first])
})
