import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type LyingOauth, lyingOauth, type OauthLies } from '../support/lying-oauth.ts'
import { oauthWork, type Work } from '../support/lying-oauth-work.ts'
import { oauthStores } from '../support/oauth-world.ts'
import { sharedStack } from '../support/stack.ts'
import { until } from '../support/until.ts'

let stores: ReturnType<typeof oauthStores>
let server: LyingOauth
beforeEach(async () => {
  stores = oauthStores((await sharedStack()).addresses.redisUrl)
  server = await lyingOauth()
})
afterEach(async () => {
  await stores.close()
  await server.close()
})

const lies = (now: OauthLies) => {
  for (const name of Object.keys(server.lies)) delete server.lies[name as keyof OauthLies]
  Object.assign(server.lies, now)
}
type Options = NonNullable<Parameters<typeof oauthWork>[3]>
const work = (token: string, options: Options = {}) =>
  oauthWork(stores, server, token, { seenBy: 'curfew', ...options })
/** It lives, it was tried `times` times, and nothing was said about it. */
const staysAlive = async (token: string, one: Work, times = 2) => {
  for (let i = 0; i < times; i += 1) expect(await one.attempt()).toMatchObject({ state: 'again' })
  expect(server.honoured(token), 'it lives').toBe(true)
  expect(one.outcomes(), 'nothing was said').toEqual([])
}
/** The stand-in tells the truth again: refused, and only then verified. */
const dies = async (token: string, one: Work, evidence: string) => {
  // A store that said 429 or 503 is left alone for a while.
  await until('it is settled', async () => (await one.attempt()).state === 'over')
  expect(server.honoured(token), 'it is dead').toBe(false)
  expect(one.outcomes()).toMatchObject([{ outcome: 'verified', evidence }])
}

describe('revocation that does nothing', () => {
  it('(a) by a client that may not: a 200 is not believed', async () => {
    const token = server.issue()
    const one = work(token, { revoker: 'stranger' })
    await staysAlive(token, one)
    expect(server.world.revocations).toEqual(['stranger', 'stranger'])
    lies({ strangerRevokes: 'obeyed' })
    await dies(token, one, 'target')
  })

  it('(e) always: a 200 is not believed, at a door as little as without one', async () => {
    lies({ revoke: 'without-effect' })
    for (const door of [false, true]) {
      const token = server.issue()
      await staysAlive(token, work(token, { door }))
    }
    const token = server.issue()
    const one = work(token)
    await staysAlive(token, one)
    lies({})
    await dies(token, one, 'target')
  })

  it('(f) 503 with Retry-After: still valid, listed as blocked, asked again after that time', async () => {
    lies({ revoke: 'unavailable', retryAfterSeconds: 1 })
    const token = server.issue()
    const one = work(token)
    const askedAt = Date.now()
    const settled = await one.attempt()
    expect(settled.state === 'again' && settled.at - askedAt).toBeGreaterThanOrEqual(1_000)
    expect(one.blocked()).toMatchObject({ code: 'unreachable', detail: expect.stringContaining('503') })
    expect(server.honoured(token)).toBe(true)
    lies({})
    await dies(token, one, 'target')
  })

  it('(f) 503 with Retry-After of an hour: asked again within a part of the bound', async () => {
    lies({ revoke: 'unavailable', retryAfterSeconds: 3_600 })
    const settled = await work(server.issue()).attempt()
    expect(settled.state === 'again' && settled.at - Date.now()).toBeLessThanOrEqual(10_000)
  })
})

describe('a hint', () => {
  it('(c) that is wrong makes a 200 without effect: none is ever sent, for no kind of token', async () => {
    const token = server.issue('refresh_token')
    const { clientId, clientSecret } = server.client('curfew')
    const answer = await fetch(`${server.issuer}/revoke`, {
      method: 'POST',
      headers: { authorization: `Basic ${Buffer.from(`${clientId}:${clientSecret}`).toString('base64')}` },
      body: new URLSearchParams({ token, token_type_hint: 'access_token' }),
    })
    expect(answer.status).toBe(200)
    expect(server.honoured(token)).toBe(true)
    expect(server.world.hints.splice(0), 'the stand-in sees a hint').toEqual(['access_token'])
    await dies(token, work(token, { kind: 'oauth.refresh-token' }), 'target')
    const access = server.issue()
    await dies(access, work(access, { door: true }), 'used')
    expect(server.world.hints).toEqual([])
  })
})

describe('a family of tokens', () => {
  it.each([['refresh_token', 'access_token'] as const, ['access_token', 'refresh_token'] as const])(
    '(d) without cascade: the end of its %s leaves the %s alive, which is ended and proven for itself',
    async (first, second) => {
      const kinds = { access_token: 'oauth.access-token', refresh_token: 'oauth.refresh-token' } as const
      const tokens = { [first]: server.issue(first, 'one'), [second]: server.issue(second, 'one') }
      await dies(tokens[first] ?? '', work(tokens[first] ?? '', { kind: kinds[first] }), 'target')
      const other = work(tokens[second] ?? '', { kind: kinds[second] })
      expect(await other.store.probe(other.credential, 'kill')).toMatchObject({ state: 'alive' })
      await dies(tokens[second] ?? '', other, 'target')
    },
  )

  it('(h) a rotated refresh token: 200, it kills nothing, and is not verified: a successor may live', async () => {
    const token = server.issue('refresh_token')
    const successor = server.rotate(token)
    const one = work(token, { kind: 'oauth.refresh-token' })
    expect(await one.store.revoke(one.credential, 'kill')).toEqual({ state: 'claimed' })
    expect(await one.attempt()).toEqual({ state: 'over' })
    expect(one.outcomes()).toMatchObject([{ outcome: 'impossible', reason: expect.stringContaining('successor') }])
    expect(server.honoured(successor)).toBe(true)
  })

  it('(h) rotated while nobody answered: our step is not what ended it, though it was taken', async () => {
    lies({ introspect: 'unavailable' })
    const token = server.issue('refresh_token')
    const one = work(token, { kind: 'oauth.refresh-token' })
    const successor = server.rotate(token)
    await one.attempt()
    expect(server.world.revocations, 'the step was taken').toEqual(['curfew'])
    lies({})
    expect(await one.attempt()).toEqual({ state: 'over' })
    expect(server.honoured(successor)).toBe(true)
    expect(one.outcomes()).toMatchObject([{ outcome: 'impossible', reason: expect.stringContaining('successor') }])
  })

  it('(h) rotated after a step without effect: that step is not what ended it', async () => {
    lies({ revoke: 'without-effect' })
    const token = server.issue('refresh_token')
    const one = work(token, { kind: 'oauth.refresh-token' })
    await staysAlive(token, one)
    const successor = server.rotate(token)
    lies({})
    expect(await one.attempt()).toEqual({ state: 'over' })
    expect(server.honoured(successor)).toBe(true)
    expect(one.outcomes()).toMatchObject([{ outcome: 'impossible', reason: expect.stringContaining('successor') }])
  })
})

describe('introspection', () => {
  it('(b) by a client that the token does not concern: "inactive" proves nothing of what another one saw alive', async () => {
    lies({ revoke: 'without-effect' })
    const token = server.issue()
    const one = work(token, { introspector: 'stranger' })
    await staysAlive(token, one)
    expect(one.blocked()).toMatchObject({ detail: expect.stringContaining('stranger was never told') })
    lies({ strangerLooksUp: 'truth' })
    await dies(token, one, 'target')
  })

  it('(b) by a client that the token does not concern, with nobody who saw it alive: unproven', async () => {
    const token = server.issue()
    const one = work(token, { introspector: 'stranger', seenBy: undefined })
    await one.attempt()
    expect(one.outcomes()).toMatchObject([{ outcome: 'unproven' }])
    expect(server.honoured(token)).toBe(true)
  })

  it.each(['html', 'text'] as const)('(j) that answers 200 with %s is unknown, not dead', async introspected => {
    lies({ revoke: 'without-effect', introspect: introspected })
    for (const door of [undefined, 'refuses-everybody'] as const) {
      if (door) server.lies.door = door
      const token = server.issue()
      const one = work(token, { door: door !== undefined })
      await staysAlive(token, one)
      expect(one.blocked()).toMatchObject({ code: 'protocol', detail: expect.stringContaining('/introspect') })
    }
    lies({})
    const token = server.issue()
    await dies(token, work(token), 'target')
  })
})

describe('a client that is deleted', () => {
  it('(g) its token is refused; recreated under the same id it lives again: a relapse, and it dies in a new epoch', async () => {
    const token = server.issue()
    const one = work(token, { door: true })
    server.deleteClient('agent')
    expect(server.honoured(token)).toBe(false)
    await one.attempt()
    expect(one.outcomes()).toMatchObject([{ outcome: 'verified', epoch: 0 }])
    server.recreateClient('agent')
    expect(server.honoured(token), 'it lives again').toBe(true)
    await one.secondLook()
    expect(one.appended.at(-1)).toMatchObject({ kind: 'relapsed', epoch: 1 })
    await one.attempt()
    expect(one.outcomes()[1]).toMatchObject({ outcome: 'verified', epoch: 1 })
    server.deleteClient('agent')
    server.recreateClient('agent')
    expect(server.honoured(token), 'this time it stays dead').toBe(false)
  })
})

describe('a door', () => {
  const seen = { door: true, seenBy: 'door' as const, introspector: 'stranger' as const }
  it.each([404, 403, 429, 500, 'access-denied', 'closed'] as const)(
    '(i) that answers %s to a living token does not refuse it, and an issuer that calls it inactive is not enough',
    async answer => {
      lies({ revoke: 'without-effect', ...(answer === 'closed' ? {} : { door: answer }) })
      if (answer === 'closed') await server.closeDoor()
      const token = server.issue()
      const one = work(token, seen)
      await staysAlive(token, one)
      const said = { 429: 'door', closed: 'ECONNREFUSED', 'access-denied': 'answered 200' }
      const detail = said[answer as keyof typeof said] ?? `answered ${answer}`
      expect(one.events.filter(event => event.event === 'problem').at(-1)).toMatchObject({
        problem: { detail: expect.stringContaining(detail) },
      })
      lies({})
      await server.reopenDoor()
      await dies(token, one, 'used')
    },
  )

  it('(k) that refuses everybody is no evidence: the token is alive while its issuer says so', async () => {
    lies({ door: 'refuses-everybody', revoke: 'without-effect' })
    const token = server.issue()
    await staysAlive(token, work(token, { door: true }))
  })

  it('(k) that refuses everybody is no evidence: the proof is the issuer’s word, not a refusal in use', async () => {
    lies({ door: 'refuses-everybody' })
    const token = server.issue()
    await dies(token, work(token, { door: true }), 'target')
  })

  it('(l) that looks at the signature only goes on accepting: never verified, whatever the issuer says', async () => {
    lies({ door: 'signature-only' })
    const token = server.issueJwt(Date.now() + 600_000)
    const one = work(token, { door: true })
    await staysAlive(token, one)
    expect(server.world.tokens.get(token)?.revoked, 'revoked at the issuer').toBe(true)
    lies({})
    await dies(token, one, 'used')
  })

  it('(l) that nobody configured: the proof of a signed token that has expired is its issuer’s word', async () => {
    lies({ door: 'signature-only' })
    const token = server.issueJwt(Date.now() - 2_000)
    const one = work(token)
    await one.attempt()
    expect(one.outcomes()).toMatchObject([{ outcome: 'verified', evidence: 'target' }])
  })

  it('(l) that nobody configured: a signed token is ended, but nobody can prove that no door honours it until its end', async () => {
    lies({ door: 'signature-only' })
    const expiresAt = Math.round(Date.now() / 1_000 + 600) * 1_000
    const token = server.issueJwt(expiresAt)
    const one = work(token)
    await one.attempt()
    expect(server.world.tokens.get(token)?.revoked, 'revoked at the issuer').toBe(true)
    expect(server.honoured(token)).toBe(true)
    expect(one.outcomes()).toMatchObject([{ outcome: 'impossible', exposedUntil: expiresAt }])
  })
})
