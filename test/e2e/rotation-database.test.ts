import { afterAll, beforeAll, expect, it } from 'vitest'
import { type RotatedDatabaseWorld, startRotatedDatabaseWorld } from '../support/rotated-database-world.ts'
import { until } from '../support/until.ts'

const rotations = 20
let one: RotatedDatabaseWorld
beforeAll(async () => {
  one = await startRotatedDatabaseWorld('pair', {
    schedule: '*/2 * * * * *',
    overlapMs: 600,
    pickUp: { by: 'poll', everyMs: 200 },
  })
})
afterAll(() => one?.close())

it('two users take turns behind one secret: no login fails through 20 scheduled rotations, and each old password is refused afterwards', async () => {
  const client = one.consumer({ callsPerSecond: 50, pollMs: 200 })
  await until(`${rotations} rotations`, () => client.seen.size > rotations, { withinMs: 150_000, everyMs: 200 })
  await client.close()
  const { counts, seen } = client
  process.stdout.write(`rotations: ${seen.size - 1}, logins: ${counts.calls}, failed: ${counts.failed}\n`)
  expect(counts.failed).toBe(0)
  expect(counts.calls).toBeGreaterThan(rotations * 20)
  const logins = [...seen]
  const users = logins.map(login => (JSON.parse(login) as { username: string }).username)
  expect(new Set(users).size).toBe(2)
  for (const [at, user] of users.entries()) if (at > 0) expect(user, 'never the one in use').not.toBe(users[at - 1])
  // The last one may be replaced meanwhile; the one before may be in its overlap.
  for (const old of logins.slice(0, -2)) expect(await one.use(old)).toBe('refused')
  expect(await one.use(one.word(await one.read()))).toBe('accepted')
  expect((await one.kept.read())?.host).toBe('kept as it is')
  const receipts = await until('a receipt of each old password', async () => {
    const all = [...(await one.world.receipts()).values()].filter(({ store }) => store === one.database.base.id)
    return all.length >= rotations - 1 ? all : undefined
  })
  for (const receipt of receipts)
    expect(receipt).toMatchObject({ outcome: 'verified', evidence: 'used', cause: 'rotated' })
}, 180_000)
