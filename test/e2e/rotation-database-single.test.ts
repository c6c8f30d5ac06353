import { afterAll, beforeAll, expect, it } from 'vitest'
import { type RotatedDatabaseWorld, startRotatedDatabaseWorld } from '../support/rotated-database-world.ts'
import { until } from '../support/until.ts'

const rotations = 20
const withoutEnding = [`ALTER ROLE "{{name}}" WITH PASSWORD '{{password}}'`]
let one: RotatedDatabaseWorld
beforeAll(async () => {
  one = await startRotatedDatabaseWorld(
    'single',
    { schedule: '*/2 * * * * *', overlapMs: 0 },
    { endsSessions: false, statements: withoutEnding },
  )
})
afterAll(() => one?.close())

it('one user alone: after one re-read no login fails through 20 rotations, each old password is refused and has its receipt', async () => {
  const client = one.consumer({ callsPerSecond: 50, pollMs: 1_000, rereads: true, rereadAfterMs: 100 })
  await until(`${rotations} rotations`, () => client.seen.size > rotations, { withinMs: 150_000, everyMs: 200 })
  await client.close()
  const { counts, seen } = client
  process.stdout.write(
    `rotations: ${seen.size - 1}, logins: ${counts.calls}, read again: ${counts.reread}, failed: ${counts.failed}\n`,
  )
  expect(counts.failed).toBe(0)
  expect(counts.calls).toBeGreaterThan(rotations * 20)
  for (const old of [...seen].slice(0, -1)) expect(await one.use(old)).toBe('refused')
  const receipts = await until('a receipt of each old password', async () => {
    const all = [...(await one.world.receipts()).values()].filter(({ store }) => store === one.database.base.id)
    return all.length >= rotations - 1 ? all : undefined
  })
  for (const receipt of receipts) {
    expect(receipt).toMatchObject({ outcome: 'verified', evidence: 'used', cause: 'rotated' })
    expect(receipt.exposure?.[0], 'open sessions are said to live on').toMatch(/sessions that are open/)
  }
}, 180_000)
