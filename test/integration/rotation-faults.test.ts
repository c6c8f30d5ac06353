import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Fault, faults, faultyStores, type Operation } from '../support/faulty-stores.ts'
import { type RotatedKeys, type RotatedSecret, rotatedKeys } from '../support/rotated-keys-world.ts'
import { Killed, type RotationWork, rotationWork } from '../support/rotation-work.ts'
import { until } from '../support/until.ts'

/**
 * The table of docs/rotation-faults.md: each step of a rotation, each fault at it, with a real Vault, a real key product and a real MCP
 * server that is told its keys. What must hold in every cell is asserted in `checks`; what became of it is the cell's text.
 */
const steps: { at: Operation; nth: number; called: string }[] = [
  { at: 'keeper.read', nth: 1, called: 'look at the keeper' },
  { at: 'issuer.named', nth: 1, called: 'search the issuer by name' },
  { at: 'issuer.issue', nth: 1, called: 'issue' },
  { at: 'keeper.stage', nth: 1, called: 'stage' },
  { at: 'issuer.install', nth: 1, called: 'install at the server' },
  { at: 'issuer.use', nth: 1, called: 'try the new value' },
  { at: 'issuer.use', nth: 2, called: 'try a word that nobody issued' },
  { at: 'keeper.promote', nth: 1, called: 'promote' },
  { at: 'issuer.probe', nth: 1, called: 'first look at the new version' },
  { at: 'issuer.probe', nth: 2, called: 'look at the old one before its end' },
  { at: 'issuer.revoke', nth: 1, called: 'revoke the old one' },
  { at: 'issuer.probe', nth: 3, called: 'prove the old one dead' },
  { at: 'keeper.retire', nth: 1, called: 'close old versions' },
]
type Step = (typeof steps)[number]
const issuers = ['product', 'server'] as const
const page = join(import.meta.dirname, '..', '..', 'docs', 'rotation-faults.md')
const cells = new Map<string, string>()
let keys: RotatedKeys
beforeAll(async () => {
  keys = await rotatedKeys()
})
afterAll(() => keys?.close())

/** Consumers always read a value that works: asked after every turn. */
const worksNow = async ({ kept, accepts }: RotatedSecret) => accepts((await kept.read())?.value ?? '')

const turn = async (work: RotationWork, one: RotatedSecret) => {
  try {
    await work.turn()
  } catch (error) {
    if (!(error instanceof Killed)) throw error
    work.restart()
  }
  expect(await worksNow(one), 'what consumers read works').toBe(true)
}

const runCell = async (one: RotatedSecret, { at, nth }: Step, fault: Fault): Promise<string> => {
  const first = (await one.kept.read())?.value ?? ''
  const faulty = faultyStores(one.issuer, keys.keeper, at, nth, fault)
  const work = rotationWork({ secret: one.secret, stores: faulty.stores, sealing: keys.seals })
  await until('the first version is known and seen alive', async () => {
    await turn(work, one)
    const [version] = work.view().versions
    return (
      version &&
      work
        .parts()
        .projection.load(version.cid)
        .then(view => view?.seenAt)
    )
  })
  const rotation = work.request('by hand')
  faulty.arm()
  const ended = () => work.view().rotations.find(known => known.rotation === rotation)?.ended
  await until('the rotation has ended', async () => {
    await turn(work, one)
    return ended()
  })
  const values = faulty.made.map(issued => issued.value)
  const current = (await one.kept.read())?.value ?? ''
  const living = []
  for (const value of new Set([first, ...values])) if (await one.accepts(value)) living.push(value)
  expect(living, 'living versions').toEqual([current])
  expect(await one.kept.staged(), 'staged').toBeUndefined()
  expect(await one.kept.readable(), 'readable versions at the keeper').toHaveLength(1)
  for (const { cid, superseded } of work.view().versions)
    expect(superseded === undefined || work.receiptOf(cid) !== undefined, 'each has its receipt').toBe(true)
  expect(faulty.happened(), 'the fault happened').toBe(true)
  const more = values.length > 1 ? `, with the ${ordinal[values.length] ?? 'next'} value it issued` : ''
  return `${ended()?.result}${more}`
}
const happens = (issuer: string, at: Operation) => at !== 'issuer.install' || issuer === 'server'
const ordinal: Record<number, string> = { 2: 'second', 3: 'third' }

for (const issuer of issuers)
  describe(issuer === 'product' ? 'a key product that issues under names' : 'a server that is told its keys', () => {
    for (const step of steps.filter(({ at }) => happens(issuer, at)))
      it.each(faults)(`${step.called}: %s`, async fault => {
        const one = await keys[issuer]()
        try {
          cells.set(`${issuer}/${step.called}/${fault}`, await runCell(one, step, fault))
        } finally {
          await one.close()
        }
      })
  })

it('docs/rotation-faults.md says what was seen', () => {
  const table = issuers.map(issuer => tableOf(issuer)).join('\n\n')
  if (process.env.CURFEW_WRITE_DOCS)
    writeFileSync(page, `${readFileSync(page, 'utf8').split('<!-- seen -->')[0]}<!-- seen -->\n\n${table}\n`)
  expect(bare(readFileSync(page, 'utf8'))).toContain(bare(table))
})

/** A formatter pads the columns. */
const bare = (text: string) => text.replaceAll(/ *\| */g, '|').replaceAll(/-+/g, '-')

const tableOf = (issuer: (typeof issuers)[number]) => {
  const rows = steps.filter(({ at }) => happens(issuer, at))
  return [
    issuer === 'product' ? '**A key product that issues under names**' : '**A server that is told its keys by a hook**',
    '',
    `| step | ${faults.join(' | ')} |`,
    `|---|${faults.map(() => '---|').join('')}`,
    ...rows.map(
      ({ called }) => `| ${called} | ${faults.map(fault => cells.get(`${issuer}/${called}/${fault}`)).join(' | ')} |`,
    ),
  ].join('\n')
}
