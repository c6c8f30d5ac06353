import { describe, expect, it } from 'vitest'
import { StartRefused } from '../../services/pipeline/errors.ts'
import { delivery, dialectOf, keysUrl, now, partnerKeySet, schemes, secret, signers } from '../support/inbox-senders.ts'
import { mutated } from '../support/mutate-delivery.ts'
import { random, seedOf } from '../support/random.ts'

const codeOf = async (act: () => Promise<void> | void): Promise<string> => {
  try {
    await act()
  } catch (error) {
    return (error as { code?: string; name: string }).code ?? (error as Error).name
  }
  return 'accepted'
}
const mutations = 10_000

describe.each(schemes)('$name', ({ config, body, signed, signsBody }) => {
  const dialect = dialectOf(config)
  const genuine = delivery(body, signed(body, now))

  it('accepts what its sender signed', async () => {
    expect(await codeOf(() => dialect.verify(genuine))).toBe('accepted')
    expect(dialect.read(genuine).length).toBeGreaterThan(0)
  })

  it(`refuses ${mutations} mutations of it`, { timeout: 60_000 }, async () => {
    const seed = seedOf()
    console.info(`SEED=${seed}`)
    const chance = random(seed)
    const accepted: string[] = []
    for (let i = 0; i < mutations; i += 1) {
      const { delivery: forged, how } = mutated(genuine, chance, signsBody)
      const code = await codeOf(() => dialect.verify(forged))
      if (code !== 'bad_signature') accepted.push(`${i} (${how}): ${code}`)
    }
    expect(accepted, `SEED=${seed}`).toEqual([])
  })

  it('refuses a delivery without any header', async () =>
    expect(await codeOf(() => dialect.verify(delivery(body)))).toBe('bad_signature'))

  it('refuses what was signed with another secret', async () => {
    const parts = { secrets: () => [otherKey(config.dialect, genuine.headers)], fetch: noKeys }
    const other = dialectOf(config, parts)
    expect(await codeOf(() => other.verify(genuine))).toBe('bad_signature')
  })
})

const noKeys = () => Promise.resolve(new Response('{"public_keys":[]}'))
const otherKey = (dialect: string, headers: Record<string, string | undefined>) => {
  if (dialect !== 'standard-webhooks') return `${secret}-another`
  const asymmetric = headers['webhook-signature']?.startsWith('v1a')
  return `${asymmetric ? 'whpk_' : 'whsec_'}${Buffer.alloc(32, 9).toString('base64')}`
}

describe('a timestamp outside the tolerance is refused, and inside it accepted', () => {
  const timed = schemes.filter(({ name }) => /GitGuardian|Standard/.test(name))
  it.each(timed)('$name', async ({ config, body, signed }) => {
    const dialect = dialectOf({ ...config, toleranceMs: 30_000 } as typeof config)
    const at = (ms: number) => codeOf(() => dialect.verify(delivery(body, signed(body, ms))))
    expect(await Promise.all([now - 31_000, now - 29_000, now + 29_000, now + 31_000].map(at))).toEqual([
      'bad_signature',
      'accepted',
      'accepted',
      'bad_signature',
    ])
  })
})

describe('published vectors', () => {
  it('GitHub’s documented partner delivery', async () => {
    const published = {
      public_keys: [
        {
          key_identifier: 'bcb53661c06b4728e59d897fb6165d5c9cda0fd9cdf9d09ead458168deb7518c',
          key: '-----BEGIN PUBLIC KEY-----\nMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEYAGMWO8XgCamYKMJS6jc/qgvSlAd\nAjPuDPRcXU22YxgBrz+zoN19MzuRyW87qEt9/AmtoNP5GrobzUvQSyJFVw==\n-----END PUBLIC KEY-----\n',
          is_current: true,
        },
      ],
    }
    const dialect = dialectOf(
      { dialect: 'github-partner', keysUrl },
      { fetch: () => Promise.resolve(Response.json(published)) },
    )
    const documented = delivery(
      '[{"source":"commit","token":"some_token","type":"some_type","url":"https://example.com/base-repo-url/"}]',
      {
        'github-public-key-identifier': 'bcb53661c06b4728e59d897fb6165d5c9cda0fd9cdf9d09ead458168deb7518c',
        'github-public-key-signature':
          'MEQCIQDaMKqrGnE27S0kgMrEK0eYBmyG0LeZismAEz/BgZyt7AIfXt9fErtRS4XaeSt/AO1RtBY66YcAdjxji410VQV4xg==',
      },
    )
    expect(await codeOf(() => dialect.verify(documented))).toBe('accepted')
    expect(dialect.read(documented)).toMatchObject([{ says: 'leak', values: ['some_token'] }])
  })

  it('GitGuardian’s documented signature', async () => {
    const dialect = dialectOf({ dialect: 'gitguardian', secrets: [{ file: 'foo' }] })
    const headers = {
      timestamp: '0',
      'gitguardian-signature': 'sha256=172fe3d694b734aa53dc892fd3b8d62163fc240064de570ba006900bb54a0fc2',
    }
    expect(await codeOf(() => dialect.verify(delivery('bar', headers, 0)))).toBe('accepted')
    expect(await codeOf(() => dialect.verify(delivery('baz', headers, 0)))).toBe('bad_signature')
  })

  it('GitHub’s documented webhook signature', async () => {
    const dialect = dialectOf({ dialect: 'github-alert', secrets: [{ file: "It's a Secret to Everybody" }] })
    const headers = {
      'x-hub-signature-256': 'sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17',
    }
    expect(await codeOf(() => dialect.verify(delivery('Hello, World!', headers)))).toBe('accepted')
  })

  it('the HMAC example of Standard Webhooks’ own libraries', async () => {
    const dialect = dialectOf({
      dialect: 'standard-webhooks',
      secrets: [{ file: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw' }],
    })
    const headers = {
      'webhook-id': 'msg_p5jXN8AQM9LWM0D4loKWxJek',
      'webhook-timestamp': '1614265330',
      'webhook-signature': 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
    }
    const example = delivery('{"test": 2432232314}', headers, 1_614_265_330_000)
    expect(await codeOf(() => dialect.verify(example))).toBe('accepted')
  })
})

describe('the published key set', () => {
  const body = Buffer.from('[]')
  const unknown = { ...signers.githubPartner(body), 'github-public-key-identifier': 'never-published' }
  const setOf = (answers: (() => Promise<Response>)[]) => {
    const asked: Headers[] = []
    let clock = now
    const dialect = dialectOf(
      { dialect: 'github-partner', keysUrl },
      {
        now: () => clock,
        fetch: (_url, init) => {
          asked.push(new Headers(init?.headers))
          return (answers.length > 1 ? answers.shift() : answers[0])?.() ?? Promise.reject(new Error('no answer'))
        },
      },
    )
    const verify = (headers = signers.githubPartner(body)) => codeOf(() => dialect.verify(delivery(body, headers)))
    return { asked, verify, later: (ms: number) => (clock += ms) }
  }
  const published = () => Promise.resolve(new Response(partnerKeySet, { headers: { etag: '"1"' } }))

  it('is fetched once for many deliveries', async () => {
    const { asked, verify } = setOf([published])
    expect(await Promise.all([verify(), verify(), verify()])).toEqual(['accepted', 'accepted', 'accepted'])
    expect(asked.length).toBe(1)
  })
  it('an unknown id looks once more, and then is refused: forged ids do not use up the rate limit', async () => {
    const { asked, verify, later } = setOf([published, () => Promise.resolve(new Response(null, { status: 304 }))])
    await verify()
    later(60_000)
    for (let i = 0; i < 100; i += 1) expect(await verify(unknown)).toBe('bad_signature')
    expect(asked.map(headers => headers.get('if-none-match'))).toEqual([null, '"1"'])
    expect(await verify()).toBe('accepted')
  })
  it('a key that was published meanwhile is found', async () => {
    const { verify, later } = setOf([noKeys, published])
    expect(await verify()).toBe('bad_signature')
    later(60_000)
    expect(await verify()).toBe('accepted')
  })
  it.each([
    ['away', () => Promise.reject(new TypeError('fetch failed'))],
    ['rate limited', () => Promise.resolve(new Response('{}', { status: 403 }))],
    ['not a key set', () => Promise.resolve(new Response('<html>'))],
  ])('while it is %s nothing is refused for good: it has to come again', async (_how, answer) => {
    expect(await setOf([answer]).verify()).toBe('NotNow')
  })
  it('a key of another curve is no key', async () => {
    const { generateKeyPairSync } = await import('node:crypto')
    const pem = generateKeyPairSync('ec', { namedCurve: 'P-384' }).publicKey.export({ type: 'spki', format: 'pem' })
    const set = { public_keys: [{ key_identifier: 'partner-key-1', key: pem }, { key: 1 }, null] }
    expect(await setOf([() => Promise.resolve(Response.json(set))]).verify()).toBe('bad_signature')
  })
})

describe('a secret that cannot be used refuses the start', () => {
  it.each(['whsec_short', 'not-prefixed-at-all-but-long', `whpk_${Buffer.alloc(31).toString('base64')}`, 'whsk_x'])(
    '%s',
    file => expect(() => dialectOf({ dialect: 'standard-webhooks', secrets: [{ file }] })).toThrow(StartRefused),
  )
  it('one of two secrets is enough, so that one can be replaced', async () => {
    const body = Buffer.from('{}')
    const secrets = [{ file: 'the-one-before-this-one' }, { file: 'secret' }]
    const dialect = dialectOf({ dialect: 'github-alert', secrets })
    expect(await codeOf(() => dialect.verify(delivery(body, signers.githubAlert(body))))).toBe('accepted')
  })
})
