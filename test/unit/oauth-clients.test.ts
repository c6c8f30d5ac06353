import { afterEach, expect, it } from 'vitest'
import { type RegistrationServer, startRegistrationServer } from '../../infra/sample/registration-server.ts'
import { oauthClientsStoreConfig } from '../../schemas/store-oauth-clients.ts'
import { discovery } from '../../services/stores/oauth/discovery.ts'
import { oauthWire } from '../../services/stores/oauth/wire-fetch.ts'
import { clientCalls, useAnswer } from '../../services/stores/oauth-clients/client-calls.ts'
import { sortedValues } from '../../services/stores/oauth-clients/registration.ts'
import { reserveClient } from '../../services/stores/oauth-clients/reserve-client.ts'

// Against a real authorization server in this process.
let closing: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const close of closing) await close()
  closing = []
})

const open = async (options: Parameters<typeof startRegistrationServer>[0] = {}) => {
  const server = await startRegistrationServer({ ...options, open: true })
  const config = oauthClientsStoreConfig.parse({ id: 'clients', kind: 'oauth-clients', issuer: server.issuer })
  const wire = oauthWire({ caFile: undefined, timeoutMs: 5_000, connections: 4 })
  closing.push(wire.close, server.close)
  const call = <R>(_purpose: unknown, work: () => Promise<R>) => work()
  const find = discovery({ issuer: server.issuer, resource: undefined, call, wire })
  const calls = clientCalls({ config, call, wire, find })
  return { server, calls, reserve: () => reserveClient(config, calls)({ name: 'one.1', lifeMs: 1_000 }) }
}
const reserved = async ({ reserve }: Awaited<ReturnType<typeof open>>) => {
  const made = await reserve()
  if (!('fill' in made)) throw new Error(JSON.stringify(made))
  return made
}
const withoutSecret = async ({ issuer }: RegistrationServer, id: string) => {
  const body = new URLSearchParams({ grant_type: 'client_credentials', client_id: id })
  return (await fetch(`${issuer}/token`, { method: 'POST', body })).status
}

it('a reserved client may do nothing: it has no secret, and nobody gets a token who knows its id', async () => {
  const one = await open()
  const { handle } = await reserved(one)
  expect((await one.server.client(handle))?.client_secret).toBeUndefined()
  expect(await withoutSecret(one.server, handle)).toBe(400)
})

it('filled, its secret is accepted; deleted, it is refused', async () => {
  const one = await open()
  const { fill, note, handle } = await reserved(one)
  const issued = await fill()
  if ('problem' in issued) throw new Error(issued.problem.detail)
  expect(issued).toMatchObject({ handle, fields: { client_id: handle } })
  expect(await one.calls.use(handle, issued.value, 'kill')).toEqual({ state: 'accepted' })
  const { registration } = sortedValues([note ?? '', issued.value])
  if (!registration) throw new Error('no registration')
  await one.calls.manage({ method: 'DELETE', registration, lane: 'kill' })
  expect(await one.calls.use(handle, issued.value, 'kill')).toEqual({ state: 'refused' })
})

it('what was ended before it was filled cannot be brought to life by a late process', async () => {
  const one = await open()
  const { fill, note, handle } = await reserved(one)
  const { registration } = sortedValues([note ?? ''])
  if (!registration) throw new Error('no registration')
  await one.calls.manage({ method: 'DELETE', registration, lane: 'kill' })
  expect(await fill()).toHaveProperty('problem')
  expect(await one.server.client(handle)).toBeUndefined()
})

it('a server that replaces the registration access token is impossible, says why, and keeps nothing of the trial', async () => {
  const one = await open({ replacesTokens: true })
  expect(await one.reserve()).toEqual({ impossible: expect.stringMatching(/replaces the registration access token/) })
  expect(one.server.clientIds()).toEqual([])
})

it('a server that lets nobody manage its clients is impossible', async () => {
  const one = await open({ manages: false })
  expect(await one.reserve()).toEqual({ impossible: expect.stringMatching(/RFC 7592/) })
})

it.each([
  [{ status: 401, body: { error: 'invalid_client' } }, 'refused'],
  [{ status: 400, body: { error: 'invalid_client' } }, 'refused'],
  [{ status: 200, body: { access_token: 'x' } }, 'accepted'],
  [{ status: 200, body: {} }, 'unknown'],
  [{ status: 401, body: { error: 'invalid_token' } }, 'unknown'],
  [{ status: 400, body: { error: 'invalid_scope' } }, 'unknown'],
  [{ status: 404, body: undefined }, 'unknown'],
  [{ status: 503, body: undefined }, 'unknown'],
])('the token endpoint answers %o: %s', (reply, state) => expect(useAnswer(reply)).toMatchObject({ state }))
