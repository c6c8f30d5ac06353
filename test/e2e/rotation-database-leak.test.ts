import { afterAll, beforeAll, expect, it } from 'vitest'
import { credentialId } from '../../services/pipeline/ids.ts'
import { type RotatedDatabaseWorld, startRotatedDatabaseWorld } from '../support/rotated-database-world.ts'
import { seal } from '../support/seal.ts'
import { until } from '../support/until.ts'

let one: RotatedDatabaseWorld
beforeAll(async () => {
  one = await startRotatedDatabaseWorld('pair', { overlapMs: 60_000, pickUp: { by: 'poll', everyMs: 200 } })
})
afterAll(() => one?.close())

/** The registered version is seen alive: from then on its refusal is a proof. */
const seenAlive = (cid: string) =>
  until('the current version is seen alive', async () => {
    const hash = await one.world.redis.hgetall(one.world.key(`c:${cid}`))
    return 'seen' in hash
  })

for (const [form, leakOf] of [
  ['the bare password', ({ password }: { password: string }) => password],
  ['user:password', ({ username, password }: { username: string; password: string }) => `${username}:${password}`],
] as const)
  it(`a leak of ${form}: refused at PostgreSQL within the bound, its open sessions ended, and the client works with the new version`, async () => {
    const client = one.consumer({ callsPerSecond: 10, pollMs: 200, rereads: true })
    const leaked = await one.read()
    const handle = (await one.kept.read())?.handle ?? `${one.roles[0]}@first`
    const cid = credentialId(one.database.base.id, handle)
    await seenAlive(cid)
    const stolen = await one.database.session(leaked.username, leaked.password)
    const at = Date.now()
    await one.world.emitter.emit('curfew.leak.detected', {
      sealed: await seal(one.world.config, leakOf(leaked)),
      source: 'test',
    })
    await until('refused', async () => (await one.use(one.word(leaked))) === 'refused', { withinMs: 60_000 })
    expect(Date.now() - at).toBeLessThan(one.world.config.bounds.rotationMs)
    await expect(stolen.query('select 1')).rejects.toThrow()
    const next = await one.read()
    expect(next.username).not.toBe(leaked.username)
    expect(await one.use(one.word(next))).toBe('accepted')
    await until('the client reads the new version', () => client.seen.has(one.word(next)))
    await client.close()
    expect(client.counts.failed).toBe(0)
    const receipt = await until('its receipt', async () =>
      [...(await one.world.receipts()).values()].find(({ credential }) => credential === cid),
    )
    expect(receipt).toMatchObject({ outcome: 'verified', evidence: 'used', handle, cause: 'leaked' })
    expect(receipt.exposure ?? []).toEqual([])
    expect(receipt.versions?.map(version => version.secret)).toEqual(['billing-login'])
    await until('older versions are closed', async () => (await one.kept.readable()).length === 1)
    const said = `${one.world.output()}${JSON.stringify([...(await one.world.receipts()).values()])}`
    for (const { password } of [leaked, next]) expect(said).not.toContain(password)
  })
