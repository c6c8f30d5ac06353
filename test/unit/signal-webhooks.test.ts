import { generateKeyPairSync } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Webhook } from 'standardwebhooks'
import { afterEach, describe, expect, it } from 'vitest'
import { webhookConfig } from '../../schemas/signals.ts'
import { verifyStandardWebhook } from '../../services/intake/dialects/signatures/standard-webhooks.ts'
import { forTenant } from '../../services/signals/for-tenant.ts'
import type { SignalNews } from '../../services/signals/observe-signal.ts'
import { webhookKeys } from '../../services/signals/standard-webhook.ts'
import type { ToldEvent } from '../../services/signals/told-event.ts'
import { openWebhook } from '../../services/signals/webhook.ts'
import { type Received, type ReceiverAnswer, startReceiver } from '../support/receiver.ts'
import { closed, revoked, rotated, toldAt } from '../support/told-events.ts'
import { until } from '../support/until.ts'

const whsec = `whsec_${Buffer.alloc(32, 7).toString('base64')}`
const pair = generateKeyPairSync('ed25519')
const jwk = pair.privateKey.export({ format: 'jwk' })
const [seed, publicHalf] = [jwk.d, jwk.x].map(part => Buffer.from(part ?? '', 'base64url')) as [Buffer, Buffer]
const whpk = `whpk_${publicHalf.toString('base64')}`

const closing: (() => Promise<void> | void)[] = []
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close()
})

const world = async (
  answer: (received: Received, nth: number) => ReceiverAnswer,
  config: object = {},
  keys = [whsec],
) => {
  const receiver = await startReceiver(answer)
  const dir = mkdtempSync(join(tmpdir(), 'curfew-signals-'))
  const secretFile = join(dir, 'keys')
  writeFileSync(secretFile, `${keys.join('\n')}\n`)
  const news: SignalNews[] = []
  const letters: string[] = []
  const parts = {
    secrets: new Map([['search-key', 'acme']]),
    now: Date.now,
    deadLetter: (signal: string, event: ToldEvent) => Promise.resolve(void letters.push(`${signal} ${event.id}`)),
  }
  const given = webhookConfig.parse({ id: 'pager', url: `${receiver.url}/hook`, secretFile, ...config })
  const signal = openWebhook({ ...given, giveUpAfterMs: given.giveUpAfterMs + Date.now() - toldAt }, parts, one => {
    news.push(one)
  })
  closing.push(() => rmSync(dir, { recursive: true }), receiver.close, signal.close)
  return { receiver, signal, news, letters, stop: new AbortController() }
}
const ok = () => ({ status: 204 })
const told = (news: SignalNews[]) => news.map(one => one.event)

describe('a signed webhook', () => {
  it('carries the CloudEvent as it is on Kafka, and the reference verifier accepts it and refuses a changed one', async () => {
    const { receiver, signal, news, stop } = await world(ok)
    await signal.handle([revoked()], stop.signal)
    const [one] = receiver.received as [Received]
    expect(one.body).toBe(revoked().text)
    expect(one.headers['content-type']).toBe('application/cloudevents+json; charset=utf-8')
    expect(one.headers['webhook-id']).toBe(revoked().id)
    const headers = one.headers as Record<string, string>
    expect(new Webhook(whsec).verify(one.body, headers)).toMatchObject({ id: revoked().id, specversion: '1.0' })
    expect(() => new Webhook(whsec).verify(one.body.replace('verified', 'unproven'), headers)).toThrow()
    expect(told(news)).toEqual(['taken'])
  })

  it.each([
    ['the seed', seed],
    ['the seed and the public half', Buffer.concat([seed, publicHalf])],
  ])('signs with Ed25519 as well, where the file holds %s', async (_, bytes) => {
    const { receiver, signal, stop } = await world(ok, {}, [whsec, `whsk_${bytes.toString('base64')}`])
    await signal.handle([closed()], stop.signal)
    const { headers, body } = receiver.received[0] as Received
    expect(String(headers['webhook-signature'])).toMatch(/^v1,\S+ v1a,\S+$/)
    const delivery = { headers: headers as Record<string, string>, body: Buffer.from(body), receivedAt: Date.now() }
    for (const key of [whsec, whpk]) expect(verifyStandardWebhook(delivery, [key], 60_000)).toBeUndefined()
    expect(() => verifyStandardWebhook({ ...delivery, body: Buffer.from(`${body} `) }, [whpk], 60_000)).toThrow()
  })

  it('is sent again until it is taken, with the same id, and Retry-After is waited for', async () => {
    const times: number[] = []
    const { receiver, signal, news, stop } = await world((_, nth) => {
      times.push(Date.now())
      return nth === 1 ? { status: 503, headers: { 'retry-after': '2' } } : { status: 200 }
    })
    await signal.handle([revoked()], stop.signal)
    expect(new Set(receiver.received.map(one => one.headers['webhook-id']))).toEqual(new Set([revoked().id]))
    expect(told(news)).toEqual(['failed', 'taken'])
    expect((times[1] ?? 0) - (times[0] ?? 0)).toBeGreaterThan(1_900)
  })

  it('follows no redirect: what is signed for one address goes to no other', async () => {
    const other = await startReceiver(ok)
    closing.push(other.close)
    const { signal, news, stop } = await world(() => ({ status: 307, headers: { location: `${other.url}/hook` } }))
    const handled = signal.handle([revoked()], stop.signal)
    await until('it failed', () => told(news).includes('failed'))
    stop.abort()
    await handled
    expect(other.received).toEqual([])
    expect(news).toContainEqual({ event: 'failed', code: 'http_307' })
  })

  it('a receiver that answers 410 is left alone, loudly, and its events stay uncommitted', async () => {
    const { receiver, signal, news, letters, stop } = await world(() => ({ status: 410 }))
    const first = signal.handle([revoked()], stop.signal)
    await until('it is gone', () => told(news).includes('gone'))
    let resolved = false
    const second = signal.handle([closed()], stop.signal).then(() => {
      resolved = true
    })
    await Promise.race([second, until('a turn', () => true)])
    expect([resolved, receiver.received.length, letters]).toEqual([false, 1, []])
    stop.abort()
    await Promise.all([first, second])
  })

  it('an event that is too old becomes a dead letter after one more attempt, and the next one goes on', async () => {
    const { signal, news, letters, receiver, stop } = await world(
      ({ body }) => ({ status: body.includes('session.closed') ? 200 : 400 }),
      { giveUpAfterMs: 1_000 },
    )
    await signal.handle([{ ...revoked(), at: 0 } as ToldEvent], stop.signal)
    await signal.handle([closed()], stop.signal)
    expect(letters).toEqual([`pager ${revoked().id}`])
    expect(told(news)).toEqual(['failed', 'given_up', 'taken'])
    expect(receiver.received.length).toBe(2)
  })

  it('sends only the events that it asks for, of its own tenant, and not from before its time', async () => {
    const { receiver, signal, news, stop } = await world(ok, {
      tenant: 'acme',
      events: ['curfew.session.closed', 'curfew.secret.rotated'],
      since: new Date(toldAt).toISOString(),
    })
    const old = { ...closed(), at: toldAt - 1 }
    await signal.handle([revoked(), closed({ tenant: 'globex' }), old, rotated()], stop.signal)
    expect(receiver.received.map(one => JSON.parse(one.body).type)).toEqual(['curfew.secret.rotated'])
    expect(told(news).sort()).toEqual(['not_meant', 'not_meant', 'not_meant', 'taken'])
  })
})

describe('what is a tenant’s business', () => {
  const secrets = new Map([['search-key', 'acme']])
  const grant = (tenant: string, session: string, cause: string) => ({ tenant, session, tasks: [], cause })
  it('a receipt of another tenant is none, and of a shared one only its own holders are told', () => {
    expect(forTenant(revoked(), 'globex', secrets)).toBeUndefined()
    const shared = revoked({
      grants: [grant('acme', 's-1', 'shared:their-run'), grant('globex', 'their-run', 'leaked')],
    })
    const seen = forTenant(shared, 'acme', secrets)
    expect(seen?.text).not.toMatch(/globex|their-run/)
    expect(JSON.parse(seen?.text ?? '')).toMatchObject({ id: shared.id, data: { grants: [{ session: 's-1' }] } })
    expect(forTenant(revoked({ grants: [] }), 'acme', secrets)).toBeUndefined()
  })
  it('a rotation is its secret’s tenant’s, and nobody’s where the registry does not know it', () => {
    expect(forTenant(rotated(), 'acme', secrets)).toBeDefined()
    expect(forTenant(rotated(), 'globex', secrets)).toBeUndefined()
    expect(forTenant(rotated({ secret: 'unknown' }), 'acme', secrets)).toBeUndefined()
  })
})

describe('the config of a webhook', () => {
  const config = (url: string) => webhookConfig.safeParse({ id: 'a', url, secretFile: 'f' }).success
  it('takes https or this machine, and no login in the address', () => {
    expect(['https://a.test/x', 'http://127.0.0.1:1/x'].map(config)).toEqual([true, true])
    expect(['http://a.test/', 'http://127.0.0.1.a.test/', 'https://u:p@a.test/', 'ftp://a.test'].map(config)).toEqual(
      Array.from({ length: 4 }, () => false),
    )
  })
  it('a key that cannot sign is named without being quoted', () => {
    for (const bad of ['', 'hunter2hunter2', whpk, 'whsec_c2hvcnQ=', `whsk_${Buffer.alloc(31).toString('base64')}`])
      expect(() => webhookKeys(bad)).toThrow(/^holds/)
    expect(() => webhookKeys('hunter2hunter2')).not.toThrow(/hunter2/)
  })
})
