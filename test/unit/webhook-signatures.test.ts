import { createHmac } from 'node:crypto'
import fc from 'fast-check'
import { afterAll, describe, expect, it } from 'vitest'
import { a2aDialect } from '../../schemas/dialects-lifecycle.ts'
import { type WebhookAuthentication, webhookAuthentication } from '../../schemas/webhook-authentication.ts'
import type { Delivery } from '../../services/intake/dialects/dialect.ts'
import { authenticator } from '../../services/intake/dialects/signatures/authenticate.ts'
import { verifyStandardWebhook } from '../../services/intake/dialects/signatures/standard-webhooks.ts'
import { RejectedEvent } from '../../services/pipeline/errors.ts'
import { delivery, ed25519, now, secretFiles, signV1, standardHeaders, whsec } from '../support/webhooks.ts'

const files = secretFiles()
afterAll(files.remove)

const body = Buffer.from('{"data":{"type":"session.status_terminated","id":"sesn_1"},"id":"event_1","type":"event"}')
const plain = 'a-shared-secret-of-the-sender'
const seconds = String(now / 1_000)
const keys = ed25519()

type Scheme = {
  way: WebhookAuthentication
  headers: Record<string, string>
  /** What a mutation may touch: the header, from this character on; `body`: it is signed, too. */
  touch: [header: string, from: number][]
  signsBody: boolean
}
const way = (input: unknown): WebhookAuthentication => webhookAuthentication.parse(input)
const file = (name: string, secret: string) => [files.file(name, secret)]
const hmac = (hash: string, encoding: 'hex' | 'base64', before = '') =>
  createHmac(hash, plain).update(before).update(body).digest(encoding)

const standardTouch: Scheme['touch'] = [
  ['webhook-signature', 0],
  ['webhook-id', 0],
  ['webhook-timestamp', 0],
]
const schemes: Record<string, Scheme> = {
  'a bearer token': {
    way: way({ by: 'bearer', secrets: file('bearer', plain) }),
    headers: { authorization: `Bearer ${plain}` },
    touch: [['authorization', 'Bearer '.length]],
    signsBody: false,
  },
  'a token in a header': {
    way: way({ by: 'header', header: 'x-a2a-notification-token', secrets: file('header', plain) }),
    headers: { 'x-a2a-notification-token': plain },
    touch: [['x-a2a-notification-token', 0]],
    signsBody: false,
  },
  'an HMAC in hex with a prefix': {
    way: way({ by: 'hmac', header: 'x-signature', prefix: 'sha256=', secrets: file('hex', plain) }),
    headers: { 'x-signature': `sha256=${hmac('sha256', 'hex')}` },
    touch: [['x-signature', 0]],
    signsBody: true,
  },
  'an HMAC in base64 with a timestamp': {
    way: way({
      by: 'hmac',
      header: 'x-signature',
      hash: 'sha512',
      encoding: 'base64',
      timestamp: { header: 'x-timestamp' },
      secrets: file('base64', plain),
    }),
    headers: { 'x-signature': hmac('sha512', 'base64', `${seconds}.`), 'x-timestamp': seconds },
    touch: [
      ['x-signature', 0],
      ['x-timestamp', 0],
    ],
    signsBody: true,
  },
  'Standard Webhooks v1': {
    way: way({ by: 'standard-webhooks', secrets: file('whsec', whsec) }),
    headers: standardHeaders(body, signV1()),
    touch: standardTouch,
    signsBody: true,
  },
  'Standard Webhooks v1a': {
    way: way({ by: 'standard-webhooks', secrets: file('whpk', keys.whpk) }),
    headers: standardHeaders(body, keys.signV1a),
    touch: standardTouch,
    signsBody: true,
  },
}

const refusal = (verify: (one: Delivery) => void, one: Delivery): string => {
  try {
    verify(one)
  } catch (error) {
    if (!(error instanceof RejectedEvent)) throw error
    expect(error.message).not.toContain(plain)
    return error.code
  }
  return 'accepted'
}

/** One character less, more or another one. A space is none of them: it parts two signatures, and the right one stays right. */
const character = fc.constantFrom(...'ABCXYZabcxyz0123456789+/=_-,.')
const mutated = (text: string, from: number) =>
  fc
    .tuple(fc.nat({ max: text.length - from }), character, fc.constantFrom('less', 'more', 'other'))
    .map(([index, one, how]) => {
      const at = from + index
      const after = text.slice(how === 'more' ? at : at + 1)
      return `${text.slice(0, at)}${how === 'less' ? '' : one}${after}`
    })
    .filter(other => other !== text)

const mutatedBody = fc
  .tuple(fc.nat({ max: body.length - 1 }), fc.integer({ min: 1, max: 255 }))
  .map(([at, flip]) => Buffer.from(body.map((byte, i) => (i === at ? byte ^ flip : byte))))

const mutations = ({ headers, touch, signsBody }: Scheme) =>
  fc.oneof(
    ...touch.map(([header, from]) =>
      mutated(headers[header] ?? '', from).map(value => delivery(body, { ...headers, [header]: value })),
    ),
    ...(signsBody ? [mutatedBody.map(other => delivery(other, headers))] : []),
  )

describe.each(Object.entries(schemes))('%s', (name, scheme) => {
  const verify = authenticator([scheme.way])

  it('is accepted', () => expect(refusal(verify, delivery(body, scheme.headers))).toBe('accepted'))

  it('10,000 mutated signatures are refused', { timeout: 60_000 }, () => {
    const seed = Math.floor(Math.random() * 2 ** 31)
    console.info(`mutated signatures of ${name}: seed ${seed}`)
    let refused = 0
    fc.assert(
      fc.property(mutations(scheme), one => {
        expect(refusal(verify, one)).toBe('bad_signature')
        refused += 1
      }),
      { numRuns: 10_000, seed },
    )
    expect(refused).toBe(10_000)
  })

  it('nothing at all is refused', () => {
    expect(refusal(verify, delivery(body))).toBe('bad_signature')
    for (const header of Object.keys(scheme.headers)) {
      expect(refusal(verify, delivery(body, { ...scheme.headers, [header]: undefined }))).toBe('bad_signature')
      expect(refusal(verify, delivery(body, { ...scheme.headers, [header]: '' }))).toBe('bad_signature')
    }
  })
})

describe('Standard Webhooks', () => {
  it("fits the specification's own vector", () => {
    const one = delivery(
      '{"test": 2432232314}',
      {
        'webhook-id': 'msg_p5jXN8AQM9LWM0D4loKWxJek',
        'webhook-timestamp': '1614265330',
        'webhook-signature': 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
      },
      1_614_265_330_000,
    )
    const secrets = ['whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw']
    expect(() => verifyStandardWebhook(one, secrets, 1_000)).not.toThrow()
  })

  it.each([
    ['as old as may be', now + 300_000, 'accepted'],
    ['too old', now + 300_001, 'bad_signature'],
    ['as far ahead as may be', now - 300_000, 'accepted'],
    ['too far ahead', now - 300_001, 'bad_signature'],
  ])('a delivery %s', (_, receivedAt, expected) => {
    const verify = authenticator([way({ by: 'standard-webhooks', secrets: file('tolerance', whsec) })])
    expect(refusal(verify, delivery(body, standardHeaders(body, signV1()), receivedAt))).toBe(expected)
  })

  it('one of several signatures, and one of several secrets, is enough: that is how a secret is changed', () => {
    const headers = standardHeaders(body, content => `v1,AAAA v2,x ${signV1()(content)}`)
    const verify = authenticator([
      way({
        by: 'standard-webhooks',
        secrets: [...file('whsec-new', `whsec_${Buffer.alloc(32, 8).toString('base64')}`), ...file('whsec-old', whsec)],
      }),
    ])
    expect(refusal(verify, delivery(body, headers))).toBe('accepted')
  })

  it('a v1 signature does not fit a public key, nor a v1a one a secret', () => {
    const asV1 = (content: Buffer) => keys.signV1a(content).replace('v1a', 'v1')
    expect(() => verifyStandardWebhook(delivery(body, standardHeaders(body, asV1)), [keys.whpk], 1_000)).toThrow()
    const asV1a = (content: Buffer) => signV1()(content).replace('v1', 'v1a')
    expect(() => verifyStandardWebhook(delivery(body, standardHeaders(body, asV1a)), [whsec], 1_000)).toThrow()
  })
})

describe('several ways together', () => {
  it('all of them must hold', () => {
    const verify = authenticator([
      way({ by: 'bearer', secrets: file('both-1', plain) }),
      way({ by: 'header', header: 'x-a2a-notification-token', secrets: file('both-2', `${plain}-2`) }),
    ])
    const headers = { authorization: `bearer ${plain}`, 'x-a2a-notification-token': `${plain}-2` }
    expect(refusal(verify, delivery(body, headers))).toBe('accepted')
    expect(refusal(verify, delivery(body, { authorization: headers.authorization }))).toBe('bad_signature')
    expect(refusal(verify, delivery(body, { ...headers, authorization: 'Bearer x' }))).toBe('bad_signature')
  })
})

it('a sender that proves nothing is refused by the config', () => {
  expect(a2aDialect.safeParse({ dialect: 'a2a' }).success).toBe(false)
  expect(a2aDialect.safeParse({ dialect: 'a2a', authentication: [] }).success).toBe(false)
  expect(webhookAuthentication.safeParse({ by: 'bearer', secrets: [] }).success).toBe(false)
})

describe('secrets', () => {
  it.each([
    ['an empty one', 'bearer', '', 'is shorter than 16 bytes'],
    ['a short one', 'bearer', 'short', 'is shorter than 16 bytes'],
    ['one without its prefix', 'standard-webhooks', plain, 'begins neither with whsec_ nor with whpk_'],
    ['a short key', 'standard-webhooks', 'whsec_AAAA', 'is not 24 to 64 bytes in base64'],
    ['a public key that is none', 'standard-webhooks', 'whpk_AAAA', 'is no Ed25519 public key of 32 bytes'],
  ])('%s is said at start, and not quoted', (_, by, secret, problem) => {
    const bad = way({ by, secrets: file('bad', secret) })
    expect(() => authenticator([bad])).toThrow(problem)
    if (secret !== '') expect(() => authenticator([bad])).toThrow(/^(?!.*(AAAA|short$|shared-secret))/)
  })

  it('are read anew for each delivery; a file that is gone is not the sender fault', () => {
    const changing = file('changing', plain)
    const verify = authenticator([way({ by: 'bearer', secrets: changing })])
    files.file('changing', `${plain}-new`)
    expect(refusal(verify, delivery(body, { authorization: `Bearer ${plain}` }))).toBe('bad_signature')
    expect(refusal(verify, delivery(body, { authorization: `Bearer ${plain}-new` }))).toBe('accepted')
    files.remove()
    expect(() => refusal(verify, delivery(body, { authorization: `Bearer ${plain}` }))).toThrow('ENOENT')
  })
})
