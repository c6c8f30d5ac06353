import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { tryMcp } from '../../infra/sample/oauth-doors.ts'
import { type HostileKeys, startHostileKeys } from '../support/hostile-keys.ts'
import { plainCall } from '../support/key-api.ts'
import { until } from '../support/until.ts'

type Row = { id: string; is_revoked: boolean; revoked_at: string | null }
let keys: HostileKeys
let session: string
beforeEach(async () => {
  keys = await startHostileKeys()
  session = await logIn()
})
afterEach(() => keys.close())

const logIn = async (account = keys.account) =>
  String((await plainCall('POST', `${keys.address}/v1/login`, {}, account)).body.access_token)
const call = (method: string, path: string, body?: unknown, as = session) =>
  plainCall(method, `${keys.address}/v1/tokens${path}`, { authorization: `Bearer ${as}` }, body)
const statusOf = async (...args: Parameters<typeof call>) => (await call(...args)).status
const revoke = (id: string) => statusOf('DELETE', `/admin/${id}`)
const rows = async (query = 'include_inactive=true') => {
  const { body } = await call('GET', `/admin/all?${query}`)
  return { tokens: (body.tokens ?? []) as Row[], total: body.total }
}
const rowOf = async (id: string) => (await rows()).tokens.find(row => row.id === id)
const issued = () => {
  const key = keys.issue()
  return { key, id: key.grant.handle }
}

describe('the hostile key product, when it does not lie', () => {
  it('makes keys of whole days under names that are never free again', async () => {
    const { status, body } = await call('POST', '', { name: 'a', expires_in_days: 1 })
    const token = body.token as { id: string; expires_at: string }
    expect([status, token.expires_at]).toEqual([201, expect.stringMatching(/T[\d:]{8}\.\d{6}$/)])
    expect((await tryMcp(keys.doorUrl, String(body.access_token))).seen).toBe('accepted')
    expect(await statusOf('POST', '', { name: 'a', expires_in_days: 1 })).toBe(400)
    await revoke(token.id)
    expect(await statusOf('POST', '', { name: 'a', expires_in_days: 1 })).toBe(409)
    expect(await statusOf('POST', '', { name: 'b', expires_in_days: 0.5 })).toBe(422)
    expect(await statusOf('POST', '', {}, String(body.access_token)), 'a key makes no keys').toBe(403)
  })
  it('only the revocation by an administrator kills; only the list tells of it', async () => {
    const { key, id } = issued()
    expect([await statusOf('PUT', `/${id}`, { is_active: false }), await key.use()]).toEqual([200, 'accepted'])
    expect([await revoke(id), await key.use(), keys.opens(id)]).toEqual([204, 'refused', false])
    expect((await call('GET', `/${id}`)).body.is_revoked).toBe(false)
    expect(await rowOf(id)).toMatchObject({ is_revoked: true, revoked_at: expect.not.stringContaining('Z') })
    expect((await rows('')).tokens).toEqual([])
    expect([await revoke(id), keys.world.revokedOrder]).toEqual([409, [id]])
  })
  it("another owner's key lives through 404, and an unknown one is 200", async () => {
    const theirs = keys.issue({ owner: keys.other.email })
    expect(await statusOf('DELETE', `/${theirs.grant.handle}`)).toBe(404)
    expect([await theirs.use(), await revoke('never-there')]).toEqual(['accepted', 200])
    const stranger = await logIn(keys.other)
    expect(await statusOf('DELETE', `/admin/${theirs.grant.handle}`, undefined, stranger)).toBe(403)
  })
  it('a page has 50 rows at most, the newest first', async () => {
    const made = keys.issueMany(60).map(({ grant }) => grant.handle)
    const pages = [await rows('limit=500'), await rows('limit=500&offset=50')]
    expect(pages.map(({ tokens, total }) => [tokens.length, total])).toEqual([
      [50, 60],
      [10, 60],
    ])
    expect(pages.flatMap(({ tokens }) => tokens.map(({ id }) => id))).toEqual(made.reverse())
  })
})

describe('its lies', () => {
  it('a revocation without effect, and the list that believes it', async () => {
    const { key, id } = issued()
    keys.lies.revokeWithoutEffect = true
    expect([await revoke(id), (await rowOf(id))?.is_revoked]).toEqual([204, false])
    keys.lies.listSaysRevoked = true
    expect([await revoke(id), (await rowOf(id))?.is_revoked]).toEqual([204, true])
    expect([await key.use(), keys.opens(id), keys.world.revokedOrder]).toEqual(['accepted', true, []])
  })
  it('a queued revocation is done later', async () => {
    const { key, id } = issued()
    keys.lies.queuedMs = 300
    expect([await revoke(id), await key.use(), (await rowOf(id))?.is_revoked]).toEqual([202, 'accepted', false])
    await until('it is dead', async () => (await key.use()) === 'refused' && !keys.opens(id), { everyMs: 5 })
    expect((await rowOf(id))?.is_revoked).toBe(true)
  })
  it('the row of a dead key says so later', async () => {
    const { id } = issued()
    keys.lies.listLagMs = 200
    expect([await revoke(id), keys.opens(id), (await rowOf(id))?.is_revoked]).toEqual([204, false, false])
    await until('the row says it', async () => (await rowOf(id))?.is_revoked, { everyMs: 10 })
  })
  it('"try again", and done', async () => {
    const { key, id } = issued()
    keys.lies.revokeSaysTryAgain = true
    expect([await revoke(id), await key.use(), await revoke(id)]).toEqual([500, 'refused', 409])
  })
  it("the door's workers: refused, accepted again, until their caches are over", async () => {
    const { key, id } = issued()
    keys.lies.doorCacheMs = 500
    await revoke(id)
    expect([await key.use(), await key.use(), await key.use()]).toEqual(['refused', 'accepted', 'accepted'])
    expect([keys.opens(id), keys.world.revokedOrder]).toEqual([true, []])
    await until('every cache is over', () => !keys.opens(id), { everyMs: 5 })
    expect([await key.use(), await key.use(), keys.world.revokedOrder]).toEqual(['refused', 'refused', [id]])
  })
  it('what the door says to the living and the dead', async () => {
    const { key, id } = issued()
    const dead = issued()
    await revoke(dead.id)
    const answers = async () => [(await key.try()).answer, (await dead.key.try()).answer]
    const seen: unknown[] = []
    for (const says of [403, 404, 429, 'access denied', 'refuse-everybody', 'accept-everybody'] as const) {
      keys.lies.doorSays = says
      seen.push(await answers(), keys.opens(dead.id))
    }
    const [odd, end] = [['403', '404', '429', '200'].map(one => [one, '401']), [['401', '401'], false]]
    expect(seen).toEqual([...odd.flatMap(one => [one, false]), ...end, ['200', '200'], true])
    expect(keys.opens(id)).toBe(true)
  })
  it('a list that hides what lives, loses a row between pages, or drops the dead', async () => {
    const made = keys.issueMany(60).map(({ grant }) => grant.handle)
    const [oldest = '', second = ''] = made
    const walk = async () => [...(await rows()).tokens, ...(await rows('include_inactive=true&offset=50')).tokens]
    const missing = async () => {
      const found = (await walk()).map(({ id }) => id)
      return made.filter(id => !found.includes(id))
    }
    keys.lies.listHidesLiving = [oldest]
    expect(await missing()).toEqual([oldest])
    keys.lies.listHidesLiving = 'a-page'
    expect((await missing()).length).toBe(10)
    Object.assign(keys.lies, { listHidesLiving: [], listShrinksWhilePaging: true })
    expect([(await missing()).length, keys.world.keys.size]).toEqual([1, 60])
    Object.assign(keys.lies, { listShrinksWhilePaging: false, dropsRows: true })
    await revoke(second)
    expect(await missing()).toEqual([second])
  })
  it('sessions: forgotten once, never accepted, short', async () => {
    keys.lies.loginLost = true
    expect([await statusOf('GET', '/admin/all'), await statusOf('GET', '/admin/all')]).toEqual([401, 401])
    session = await logIn()
    expect(await statusOf('GET', '/admin/all')).toBe(200)
    keys.lies.loginUseless = true
    session = await logIn()
    expect(await statusOf('GET', '/admin/all')).toBe(401)
    Object.assign(keys.lies, { loginUseless: false, loginTtlSeconds: 0 })
    session = await logIn()
    expect(await statusOf('GET', '/admin/all')).toBe(401)
  })
  it('an owner only: administrators are refused', async () => {
    const { id } = issued()
    keys.lies.ownerOnly = true
    expect([await statusOf('GET', '/admin/all'), await revoke(id)]).toEqual([403, 403])
    expect([await statusOf('DELETE', `/${id}`), keys.opens(id)]).toEqual([204, false])
  })
})

describe('its trouble', () => {
  const gaveUp = (work: Promise<unknown>) => Promise.race([work.catch(() => 'gave up'), shortly()])
  const shortly = () => new Promise(resolve => setTimeout(resolve, 100, 'gave up'))

  it('a call that hangs may have done what was asked, or not', async () => {
    const { id } = issued()
    keys.lies.hang = 'nothing-done'
    expect([await gaveUp(revoke(id)), keys.opens(id)]).toEqual(['gave up', true])
    keys.lies.hang = 'done'
    expect([await gaveUp(revoke(id)), keys.opens(id)]).toEqual(['gave up', false])
    expect(keys.world.calls.slice(-2).map(({ status }) => status)).toEqual([0, 0])
  })
  it('a slow call does first what it answers late', async () => {
    const { id } = issued()
    keys.lies.slowMs = 60
    const answer = revoke(id)
    await until('it is dead', () => !keys.opens(id), { everyMs: 1 })
    expect(keys.world.calls.at(-1)?.status).toBe(0)
    expect(await answer).toBe(204)
  })
  it('HTML, of the part that is meant only', async () => {
    const { key, id } = issued()
    keys.lies.html = true
    expect([await revoke(id), keys.opens(id), await key.use()]).toEqual([200, true, 'accepted'])
  })
  it('is down and comes up again at the same address; the door has one of its own', async () => {
    const { key, id } = issued()
    await keys.goDown('api')
    await expect(revoke(id)).rejects.toThrow('ECONNREFUSED')
    expect(await key.use()).toBe('accepted')
    await keys.comeUp()
    expect(await revoke(id)).toBe(204)
  })
  it('too many calls are 429, and too many 429 lock everybody out', async () => {
    const { key } = issued()
    keys.lies.budget = { tokens: 2, minuteMs: 3_600_000 }
    keys.lies.lockout = { strikes: 2, lockMs: 400 }
    const statuses = []
    for (let count = 0; count < 3; count += 1) statuses.push(await statusOf('GET', '/admin/all'))
    const { headers } = await call('GET', '/admin/all')
    expect([statuses, headers['retry-after']]).toEqual([[200, 200, 429], expect.stringMatching(/^\d+$/)])
    expect([keys.world.lockedOut, (await key.try()).answer]).toEqual([true, '429'])
    keys.lies.budget = undefined
    await until('the lock is over', async () => (await key.use()) === 'accepted', { everyMs: 20 })
    expect(keys.world.lockedOut).toBe(true)
  })
})
