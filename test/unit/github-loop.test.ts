import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import type { Fact } from '../../schemas/facts.ts'
import { openGithubLoop } from '../../services/github-loop.ts'
import { alertPlace } from '../../services/intake/dialects/github-api.ts'
import type { SignalNews } from '../../services/signals/observe-signal.ts'
import { cid, facts } from '../support/facts.ts'
import { foldedRedis } from '../support/folded-redis.ts'
import { delivery, dialectOf, senderOf, signers } from '../support/inbox-senders.ts'
import { type Received, type ReceiverAnswer, startReceiver } from '../support/receiver.ts'
import { receiptOf, revoked } from '../support/told-events.ts'

/**
 * A recorded contract: the documented shapes of GitHub's REST API (2022-11-28), served by this test. GitHub itself was not called.
 */
const dir = mkdtempSync(join(tmpdir(), 'curfew-github-'))
const tokenFile = join(dir, 'token')
writeFileSync(tokenFile, 'a-token-of-this-test\n')
afterAll(() => rmSync(dir, { recursive: true }))
const value = 'hvs.a-leaked-value'
const alertOf = (change: object = {}) =>
  JSON.stringify({ number: 42, state: 'open', resolution: null, secret_type: 'vault', secret: value, ...change })
const withGithub = async <T>(
  answer: (received: Received) => ReceiverAnswer,
  act: (baseUrl: string, received: Received[]) => Promise<T>,
): Promise<T> => {
  const github = await startReceiver(answer)
  try {
    return await act(github.url, github.received)
  } finally {
    await github.close()
  }
}
const api = (baseUrl: string, more: object = {}) => ({ baseUrl, tokenFile, ...more })
const config = (baseUrl: string, more: object = {}) => ({
  dialect: 'github-alert' as const,
  secrets: [{ file: 'secret' }],
  api: api(baseUrl, more),
})
const webhook = (action: string, repository: object = { full_name: 'acme/shop' }) => {
  const body = Buffer.from(JSON.stringify({ action, alert: { number: 42 }, repository }))
  return delivery(body, signers.githubAlert(body))
}
const told = async (baseUrl: string, one = webhook('created'), more: object = {}) =>
  dialectOf(config(baseUrl, more), { fetch }).lookUp?.(one)

describe('an alert of GitHub, with its API', () => {
  it('is asked for its value with the token of the file, and becomes a leak that knows its alert', async () => {
    await withGithub(
      () => ({ status: 200, body: alertOf() }),
      async (url, received) => {
        const source = 'github-alert:github-alert:acme/shop#42'
        expect(await told(url)).toEqual([{ says: 'leak', id: source, values: [value], source }])
        const [asked] = received
        expect([asked?.path, asked?.headers['x-github-api-version']]).toEqual([
          '/repos/acme/shop/secret-scanning/alerts/42',
          '2022-11-28',
        ])
        expect(asked?.headers.authorization).toBe('Bearer a-token-of-this-test')
      },
    )
  })

  it('what is no finding, or no alert, has no effect; while GitHub is away it has to come again', async () => {
    await withGithub(
      () => ({ status: 404, body: '{"message":"Not Found"}' }),
      async (url, received) => {
        expect(await told(url, webhook('resolved'))).toEqual([{ says: 'nothing', code: 'other_event' }])
        expect(await told(url, webhook('created', { full_name: '../../user' }))).toMatchObject([{ code: 'no_value' }])
        expect(received).toEqual([])
        expect(await told(url)).toEqual([{ says: 'nothing', code: 'no_value' }])
      },
    )
    await expect(
      withGithub(
        () => ({ status: 502 }),
        url => told(url),
      ),
    ).rejects.toThrow('GitHub answered 502')
  })

  it('a token of GitHub’s own is revoked there only behind its switch, without our token, and nothing else ever is', async () => {
    const own = `ghp_${'a'.repeat(36)}`
    const answer =
      (found: string) =>
      ({ path }: Received) =>
        path === '/credentials/revoke' ? { status: 202 } : { status: 200, body: alertOf({ secret: found }) }
    const revocations = (found: string, more: object) =>
      withGithub(answer(found), async (url, received) => {
        const said = await told(url, webhook('created'), more)
        const sent = received.filter(one => one.path === '/credentials/revoke')
        return { codes: said?.flatMap(one => (one.says === 'nothing' ? one.code : [])), sent }
      })
    const done = await revocations(own, { revokeTokens: true })
    expect(done.codes).toEqual(['github_token_revoked'])
    expect(done.sent.map(one => [one.body, one.headers.authorization])).toEqual([
      [JSON.stringify({ credentials: [own] }), undefined],
    ])
    expect((await revocations(own, {})).sent).toEqual([])
    expect((await revocations(value, { revokeTokens: true })).sent).toEqual([])
  })

  it('a place is a name of GitHub’s and no way to another path', () => {
    expect(alertPlace('acme/shop.io', 1)).toEqual({ owner: 'acme', repo: 'shop.io', number: 1 })
    for (const bad of ['acme', 'a/b/c', '../..', 'a/..', 'a/b?x', '', undefined])
      expect(alertPlace(bad, 1)).toBeUndefined()
    for (const bad of [0, -1, 1.5, '1', undefined]) expect(alertPlace('a/b', bad)).toBeUndefined()
  })
})

describe('closing the loop at GitHub', () => {
  const print = `p1:${'1'.repeat(64)}`
  const source = 'github-alert:gh:acme/shop#42'
  const granted = (handle: string) => facts.granted('s-1', handle, 10, { fingerprints: [print] })
  const leaked = { ...facts.leaked(print, 20), source } as Fact
  const world = async (
    known: Fact[],
    change: { outcome?: string; cause?: string; credential?: string } = {},
    state = 'open',
  ) =>
    withGithub(
      ({ path, body }) => ({
        status: path === '/repos/acme/shop/secret-scanning/alerts/42' ? 200 : 404,
        body: body ? '{}' : alertOf({ state }),
      }),
      async (url, received) => {
        const news: SignalNews[] = []
        const edge = { fingerprints: (text: string) => (text === value ? [print] : []) }
        const parts = { redis: foldedRedis('x', known), config: { redis: { prefix: 'x' } }, edge } as never
        const shared = { secrets: new Map(), now: () => 0, deadLetter: () => Promise.resolve() }
        const sender = { ...senderOf(config(url, { resolve: true })), id: 'gh' } as never as Parameters<
          typeof openGithubLoop
        >[0]
        const signal = openGithubLoop(sender, parts, shared, one => news.push(one))
        const event = revoked({ ...receiptOf(), cause: 'leaked', credential: cid('a'), ...change })
        await signal.handle([event], new AbortController().signal)
        return {
          patched: received.filter(one => one.body !== ''),
          asked: received.length,
          news: news.map(one => one.event),
        }
      },
    )

  it('a verified death resolves the alert as revoked', async () => {
    const { patched, news } = await world([granted('a'), leaked, facts.outcome('a', 30)])
    expect(patched.map(one => JSON.parse(one.body))).toEqual([
      { state: 'resolved', resolution: 'revoked', resolution_comment: expect.any(String) },
    ])
    expect(news).toEqual(['taken'])
  })

  it.each([
    ['another credential with that value is alive', [granted('a'), granted('b'), leaked, facts.outcome('a', 30)]],
    [
      'another one could not be revoked',
      [granted('a'), granted('b'), leaked, facts.outcome('a', 30), facts.outcome('b', 30, { outcome: 'impossible' })],
    ],
  ])('not while %s', async (_, known) => {
    expect((await world(known)).patched).toEqual([])
  })

  it.each([
    ['the outcome is not verified', { outcome: 'impossible' }],
    ['it died of something else', { cause: 'session_ended' }],
  ])('not where %s: GitHub is not even asked', async (_, change) => {
    expect((await world([granted('a'), leaked, facts.outcome('a', 30)], change)).asked).toBe(0)
  })

  it('not a second time, and not for a leak that another sender told', async () => {
    expect((await world([granted('a'), leaked, facts.outcome('a', 30)], {}, 'resolved')).patched).toEqual([])
    const other = { ...facts.leaked(print, 20), source: 'github-alert:another:acme/shop#42' } as Fact
    expect((await world([granted('a'), other, facts.outcome('a', 30)])).asked).toBe(0)
  })
})
