import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { apply } from '../../infra/vault/apply.ts'
import { type VaultStoreConfig, vaultStoreConfig } from '../../schemas/store-vault.ts'
import { readAuditRecord } from '../../services/learn/audit-record.ts'
import { learnRules } from '../../services/learn/rules.ts'
import type { HeldToken } from '../../services/pipeline/held-token.ts'
import { type VaultLearning, vaultLearning } from '../../services/stores/vault/learning.ts'
import { learnedPaths } from '../support/learning-world.ts'
import { sharedStack } from '../support/stack.ts'
import { until } from '../support/until.ts'
import { type VaultApp, vaultApp } from '../support/vault-app.ts'
import { type VaultWorld, vaultWorld } from '../support/vault-world.ts'

let vault: VaultWorld
let app: VaultApp
let config: VaultStoreConfig
let learning: VaultLearning
let auditFile: string
beforeAll(async () => {
  const { addresses } = await sharedStack()
  auditFile = addresses.vaultAuditFile
  vault = await vaultWorld(addresses)
  app = await vaultApp(addresses)
  // Nothing but what the policy file gives.
  const role = 'auth/approle/role/curfew-learn'
  await apply(vault.admin, role, { token_policies: ['curfew-learn'], token_no_default_policy: true, token_ttl: 600 })
  const { role_id: roleId } = (await vault.admin.call('GET', `${role}/role-id`)).body.data as { role_id: string }
  const { secret_id } = (await apply(vault.admin, `${role}/secret-id`, {})).body.data as { secret_id: string }
  const auth = { roleId, secretIdFile: await vault.file('learn-secret-id', secret_id) }
  config = vaultStoreConfig.parse({
    ...vault.config,
    learn: { principal: 'p', auditFile, positionFile: 'p', paths: learnedPaths, auth },
  })
  learning = vaultLearning(config, { redis: vault.redis, redisPrefix: 'learn-test', log: () => undefined })
})
afterAll(async () => {
  await learning?.close()
  await app?.close()
  await vault?.close()
})

const learnedOf = (handle: string) => {
  if (!config.learn) throw new Error('no learn')
  const rules = learnRules({ ...config, learn: config.learn }, [])
  return until('the record is in the audit file', () =>
    readFileSync(auditFile, 'utf8')
      .split('\n')
      .filter(line => line.includes(handle) && line.includes('"type":"response"'))
      .flatMap(line => readAuditRecord(rules, JSON.parse(line)).learned)
      .find(one => one.handle === handle),
  )
}

describe('what the real audit file says, with the least rights', () => {
  it('the fingerprint of a token and of a password is what sys/audit-hash answers for the value', async () => {
    const token = await app.login('contract', 'build')
    const login = await app.databaseLogin(token)
    const hash = async (value: string) => {
      const answer = await learning.hash(value)
      if ('problem' in answer) throw new Error(answer.problem.detail)
      return `audit-vault-main:${answer.hex}`
    }
    expect(await learnedOf(token.grant.handle)).toMatchObject({
      session: 'contract',
      task: 'build',
      fingerprints: [await hash(token.value)],
    })
    expect(await learnedOf(login.grant.handle)).toMatchObject({
      session: 'contract',
      target: login.grant.target,
      fingerprints: [await hash(login.values[0] ?? '')],
    })
  })

  it('the inventory lists every living token with what made it, and how many leases lie under a prefix', async () => {
    const token = await app.login('inventory')
    await app.databaseLogin(token)
    const found = new Map<string, HeldToken>()
    await learning.inventory.tokens(one => Promise.resolve(void found.set(one.accessor, one)))
    expect(found.get(token.grant.handle)).toMatchObject({
      path: 'auth/approle/login',
      metadata: { session: 'inventory' },
      renewable: true,
    })
    expect(await learning.inventory.leases('database/creds/')).toBeGreaterThan(0)
    const entity = await learning.ownEntity()
    expect([...found.values()].some(one => one.entity === entity)).toBe(true)
  })

  it('its login can end nothing and read no secret', async () => {
    const { learn } = config
    if (!learn?.auth) throw new Error('no login of its own')
    const secret_id = readFileSync(learn.auth.secretIdFile, 'utf8')
    const login = await vault.door.created('auth/approle/login', { role_id: learn.auth.roleId, secret_id }, 'none')
    const own = String(login.client_token)
    const token = await app.login('untouchable')
    for (const [path, body] of [
      ['auth/token/revoke-accessor', { accessor: token.grant.handle }],
      ['sys/leases/revoke', { lease_id: 'database/creds/app/x' }],
      ['auth/token/create', {}],
    ] as const)
      expect((await vault.door.call('POST', path, own, body)).status, path).toBe(403)
    for (const path of ['secret/data/sample/door', 'database/creds/app', 'sys/audit'])
      expect((await vault.door.call('GET', path, own)).status, path).toBe(403)
  })

  it('a server that takes connections and says nothing is a problem in time, and the next questions do not wait for it', async () => {
    const sockets = new Set<Socket>()
    const silent = createServer(socket => sockets.add(socket)).listen(0, '127.0.0.1')
    await once(silent, 'listening')
    const address = `https://127.0.0.1:${(silent.address() as AddressInfo).port}`
    const away = vaultStoreConfig.parse({ ...config, address, timeoutMs: 1_000 })
    const nobody = vaultLearning(away, { redis: vault.redis, redisPrefix: 'learn-away', log: () => undefined })
    try {
      const started = performance.now()
      for (let at = 0; at < 200; at += 1) expect(await nobody.hash(`leak ${at}`)).toHaveProperty('problem')
      expect(performance.now() - started).toBeLessThan(5_000)
    } finally {
      await nobody.close()
      for (const socket of sockets) socket.destroy()
      silent.close()
    }
  })
})
