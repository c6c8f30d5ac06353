import { readFileSync } from 'node:fs'
import path from 'node:path'
import type { PostgresAddress } from '../stack/addresses.ts'
import type { VaultLogin } from '../stack/vault-folder.ts'
import { waitUntil } from '../stack/wait-until.ts'
import { connectVaultAdmin, type VaultAdmin } from './admin-client.ts'
import { apply } from './apply.ts'
import { provisionDatabaseEngine } from './provision-database.ts'

export type PipelineLogin = {
  pipelineRoleId: string
  pipelineSecretId: string
  rotatorRoleId: string
  rotatorSecretId: string
}

const policies = [
  'curfew-pipeline',
  'curfew-rotator',
  'curfew-rotated-login',
  'curfew-canary',
  'curfew-learn',
  'sample-issuer',
  'agent',
]
const quarterHourSeconds = 900

/** Mounts, policies and roles, as the files beside this one declare them. Running it again changes nothing but the secret id. */
export async function provisionVault(
  login: VaultLogin,
  database: PostgresAddress,
  managerPassword: string,
  databaseHost?: string,
): Promise<PipelineLogin> {
  const admin = await connectVaultAdmin(login)
  try {
    await ensureMounts(admin)
    for (const name of policies) await apply(admin, `sys/policies/acl/${name}`, { policy: policyText(name) })
    await ensureRoles(admin)
    await provisionDatabaseEngine(admin, database, managerPassword, databaseHost)
    await ensureDoor(admin)
    return await pipelineLogin(admin)
  } finally {
    await admin.call('POST', 'auth/token/revoke-self')
    await admin.close()
  }
}

function policyText(name: string): string {
  return readFileSync(path.join(import.meta.dirname, `policy-${name}.hcl`), 'utf8')
}

async function ensureMounts(admin: VaultAdmin): Promise<void> {
  const logins = (await admin.call('GET', 'sys/auth')).body
  const engines = (await admin.call('GET', 'sys/mounts')).body
  if (!('approle/' in logins)) await apply(admin, 'sys/auth/approle', { type: 'approle' })
  // Without this, five logins with a secret id that Curfew killed lock the whole role out for 15 minutes, living ids too.
  await apply(admin, 'sys/auth/approle/tune', { user_lockout_config: { lockout_disable: true } })
  if (!('userpass/' in logins)) await apply(admin, 'sys/auth/userpass', { type: 'userpass' })
  if (!('database/' in engines)) await apply(admin, 'sys/mounts/database', { type: 'database' })
  // A login's name is no secret; in clear, learning can prove its death at the database.
  await apply(admin, 'sys/mounts/database/tune', { audit_non_hmac_response_keys: ['username'] })
  if (!('secret/' in engines)) await apply(admin, 'sys/mounts/secret', { type: 'kv', options: { version: '2' } })
}

async function ensureRoles(admin: VaultAdmin): Promise<void> {
  await apply(admin, 'auth/approle/role/curfew', {
    token_policies: ['curfew-pipeline', 'curfew-canary', 'curfew-learn'],
    token_no_default_policy: true,
    token_ttl: quarterHourSeconds,
    token_period: quarterHourSeconds,
  })
  await apply(admin, 'auth/approle/role/curfew-rotator', {
    token_policies: ['curfew-rotator'],
    token_no_default_policy: true,
    token_ttl: quarterHourSeconds,
    token_period: quarterHourSeconds,
  })
  await apply(admin, 'auth/approle/role/agent', {
    token_policies: ['agent'],
    secret_id_num_uses: 0,
    secret_id_ttl: '24h',
  })
  // An orphan: as a child of the rotator's login it would end with that, and the logins of consumers with it.
  await apply(admin, 'auth/token/roles/curfew-rotated-login', {
    allowed_policies: ['curfew-rotated-login'],
    token_no_default_policy: true,
    orphan: true,
    renewable: true,
  })
  await apply(admin, 'auth/token/roles/curfew-canary', {
    allowed_policies: ['default'],
    orphan: true,
    renewable: false,
    token_explicit_max_ttl: '10m',
  })
}

/** The door that sample tokens open. A new kv v2 mount answers 400 for a moment, while it is made ready. */
async function ensureDoor(admin: VaultAdmin): Promise<void> {
  await waitUntil('the kv mount', 10_000, () => apply(admin, 'secret/data/sample/door', { data: { opens: 'yes' } }))
}

async function pipelineLogin(admin: VaultAdmin): Promise<PipelineLogin> {
  const [pipelineRoleId, pipelineSecretId] = await appRoleLogin(admin, 'curfew')
  const [rotatorRoleId, rotatorSecretId] = await appRoleLogin(admin, 'curfew-rotator')
  return { pipelineRoleId, pipelineSecretId, rotatorRoleId, rotatorSecretId }
}

async function appRoleLogin(admin: VaultAdmin, name: string): Promise<[roleId: string, secretId: string]> {
  const role = await admin.call('GET', `auth/approle/role/${name}/role-id`)
  const secret = await apply(admin, `auth/approle/role/${name}/secret-id`, {})
  return [(role.body.data as { role_id: string }).role_id, (secret.body.data as { secret_id: string }).secret_id]
}
