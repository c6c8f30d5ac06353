import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type OauthServer, startOauthServer } from '../../infra/sample/oauth-server.ts'
import { credentialId } from '../../services/pipeline/ids.ts'
import { expectAlive, receiptOf } from '../support/expect-dead.ts'
import { until } from '../support/until.ts'
import { startWorld } from '../support/world.ts'

const dir = mkdtempSync(join(tmpdir(), 'curfew-oauth-crash-'))
let server: OauthServer
beforeAll(async () => {
  server = await startOauthServer()
})
afterAll(async () => {
  await server?.close()
  rmSync(dir, { recursive: true, force: true })
})

const verified = { outcome: 'verified', cause: 'session_ended' }
// The note of our step died with the worker: a successor cannot be ruled out, so that its death is not called proven.
const notProven = { outcome: 'impossible', reason: expect.stringContaining('a successor may live') }
const cases = [
  ['before_step', 'access', verified],
  ['after_step', 'access', verified],
  ['after_probe', 'access', verified],
  ['before_step', 'refresh', verified],
  ['after_step', 'refresh', notProven],
] as const

describe('kill -9 of the worker that ends an OAuth token', () => {
  it.each(cases)('%s, %s token: refused all the same, with one receipt', async (point, kind, expected) => {
    const died = join(dir, `${point}-${kind}`)
    const { clientId, clientSecret, mcpUrl } = server
    const clientSecretFile = join(dir, 'client-secret')
    writeFileSync(clientSecretFile, clientSecret, { mode: 0o600 })
    const world = await startWorld({
      env: { CURFEW_CRASH_AT: `${point}:${died}` },
      stores: [{ id: 'oauth-local', kind: 'oauth', resource: mcpUrl, door: mcpUrl, clientId, clientSecretFile }],
    })
    try {
      for (const session of ['s', 'living']) await world.emitter.emit('curfew.session.started', { session })
      const issue = () => (kind === 'access' ? server.issueAccessToken() : server.issueRefreshToken())
      const watched = await world.handOut('s', await issue())
      const neighbour = await world.handOut('living', await issue())
      const cid = credentialId('oauth-local', watched.credential.grant.handle)
      await until('Curfew saw it alive', () => world.redis.hget(world.key(`c:${cid}`), 'seen'))
      await world.emitter.emit('curfew.session.ended', { session: 's' })
      await until('it is refused', () => watched.refusedFirst)
      const receipt = await until('its receipt', () => receiptOf(world, watched))
      expect(existsSync(died), 'a process died at the point').toBe(true)
      expect(receipt).toMatchObject(expected)
      expect(watched.acceptedLast).toBeLessThanOrEqual((receipt.deadSince ?? receipt.settledAt) + 250)
      expect((await world.outcomes()).filter(one => one.credential === cid)).toHaveLength(1)
      await expectAlive(neighbour)
    } finally {
      await world.close()
    }
  })
})
