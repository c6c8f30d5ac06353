import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'vitest'
import type { KeptSecret } from '../../infra/sample/kept-secret.ts'
import type { SecretConfig } from '../../schemas/secrets.ts'
import type { Sealing, Store } from '../../services/pipeline/ports.ts'
import { type Fault, faults, faultyStores, type Operation } from './faulty-stores.ts'
import { Killed, type RotationWork, rotationWork } from './rotation-work.ts'
import { until } from './until.ts'

export type Step = { at: Operation; nth: number; called: string }

/** Every step that a rotation can have, in its order. */
const everyStep: Step[] = [
  { at: 'keeper.read', nth: 1, called: 'look at the keeper' },
  { at: 'issuer.named', nth: 1, called: 'search the issuer by name' },
  { at: 'issuer.reserve', nth: 1, called: 'reserve' },
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
/** Without what this issuer has no call for. */
export const stepsWithout = (...none: Operation[]): Step[] => everyStep.filter(({ at }) => !none.includes(at))
type Data = Record<string, string>
export type CellSubject = {
  secret: SecretConfig
  issuer: Store
  keeper: Store
  sealing: Pick<Sealing, 'seal'>
  kept: Pick<KeptSecret, 'read' | 'staged' | 'readable'>
  /** What the secret says, or said, used as its consumers use it. */
  accepts(data: Data): Promise<boolean>
}

/** Consumers always read a value that works: asked after every turn, from the first version on. What did not is kept: `until` tries again. */
const turn = async (work: RotationWork, { kept, accepts }: CellSubject, refused: Data[]) => {
  const began = (await kept.read()) !== undefined
  try {
    await work.turn()
  } catch (error) {
    if (!(error instanceof Killed)) throw error
    work.restart()
  }
  const read = (await kept.read()) ?? {}
  if (began && !(await accepts(read))) refused.push(read)
}

const rotated = async (work: RotationWork, one: CellSubject, refused: Data[], trigger: string) => {
  const rotation = work.request(trigger)
  const ended = () => work.view().rotations.find(known => known.rotation === rotation)?.ended
  return until('the rotation has ended', async () => {
    await turn(work, one, refused)
    return ended()
  })
}

/** One cell of docs/rotation-faults.md: what must hold in every cell is asserted here, what became of it is the cell's text. */
export const runCell = async (one: CellSubject, { at, nth }: Step, fault: Fault): Promise<string> => {
  const faulty = faultyStores(one.issuer, one.keeper, at, nth, fault)
  const work = rotationWork({ secret: one.secret, stores: faulty.stores, sealing: one.sealing })
  const refused: Data[] = []
  if ((await one.kept.read()) === undefined)
    expect((await rotated(work, one, refused, 'the first'))?.result).toBe('done')
  await until('the first version is known and seen alive', async () => {
    await turn(work, one, refused)
    const version = work.view().versions.at(-1)
    return version && (await work.parts().projection.load(version.cid))?.seenAt
  })
  const first = (await one.kept.read()) ?? {}
  const madeBefore = faulty.made.length
  faulty.arm()
  const ended = await rotated(work, one, refused, 'by hand')
  expect(refused, 'what consumers read and could not use').toEqual([])
  const { value: field, handle } = one.secret.keeper.fields
  const made = faulty.made.map(({ value, handle: name, fields }) => ({ ...fields, [field]: value, [handle]: name }))
  const current = (await one.kept.read()) ?? {}
  const living = new Set<string>()
  for (const data of [first, ...made]) if (await one.accepts(data)) living.add(data[field] ?? '')
  expect([...living], 'living versions').toEqual([current[field]])
  expect(await one.kept.staged(), 'staged').toBeUndefined()
  expect(await one.kept.readable(), 'readable versions at the keeper').toHaveLength(1)
  for (const { cid, superseded } of work.view().versions)
    expect(superseded === undefined || work.receiptOf(cid) !== undefined, 'each has its receipt').toBe(true)
  expect(faulty.happened(), 'the fault happened').toBe(true)
  const values = faulty.made.length - madeBefore
  return `${ended?.result}${values > 1 ? `, with the ${ordinal[values] ?? 'next'} value it issued` : ''}`
}
const ordinal: Record<number, string> = { 2: 'second', 3: 'third' }

const page = join(import.meta.dirname, '..', '..', 'docs', 'rotation-faults.md')
const endMark = '<!-- seen until here -->'
/** A formatter pads the columns. */
const bare = (text: string) => text.replaceAll(/ *\| */g, '|').replaceAll(/-+/g, '-')

/** A part of the page, between its mark and the next end: written with CURFEW_WRITE_DOCS, else compared. */
export const expectInPage = (part: string, seen: string) => {
  const text = readFileSync(page, 'utf8')
  const begins = `<!-- seen: ${part} -->`
  const [before, rest = ''] = text.split(begins)
  const after = rest.split(endMark).slice(1)
  if (process.env.CURFEW_WRITE_DOCS)
    writeFileSync(page, `${before}${begins}\n\n${seen}\n\n${endMark}${after.join(endMark)}`)
  const written = readFileSync(page, 'utf8').split(begins)[1]?.split(endMark)[0] ?? ''
  expect(bare(written).trim()).toBe(bare(seen).trim())
}

/** What was seen of each step and fault. */
export type SeenCells = { saw(step: Step, fault: Fault, text: string): void; table(title: string): string }
export const seenCells = (steps: readonly Step[]): SeenCells => {
  const cells = new Map<string, string>()
  return {
    saw: ({ called }, fault, text) => void cells.set(`${called}/${fault}`, text),
    table: title =>
      [
        `**${title}**`,
        '',
        `| step | ${faults.join(' | ')} |`,
        `|---|${faults.map(() => '---|').join('')}`,
        ...steps.map(
          ({ called }) => `| ${called} | ${faults.map(fault => cells.get(`${called}/${fault}`)).join(' | ')} |`,
        ),
      ].join('\n'),
  }
}
