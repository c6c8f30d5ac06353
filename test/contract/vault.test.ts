import { randomUUID } from 'node:crypto'
import type { Credential } from '../../services/pipeline/ports.ts'
import { sharedStack } from '../support/stack.ts'
import { type Issued, type VaultWorld, vaultWorld } from '../support/vault-world.ts'
import { storeContract } from './store-contract.ts'

/** A login that may do nothing but look at itself. */
const powerless = async (world: VaultWorld) => {
  const role = 'curfew-powerless'
  const at = `auth/approle/role/${role}`
  const policy = 'path "auth/token/lookup-self" { capabilities = ["read"] }'
  await world.admin.call('POST', `sys/policies/acl/${role}`, { policy })
  await world.admin.call('POST', at, { token_policies: [role], token_no_default_policy: true, token_ttl: 600 })
  const roleId = (await world.admin.call('GET', `${at}/role-id`)).body.data as { role_id: string }
  const secret = (await world.admin.call('POST', `${at}/secret-id`, {})).body.data as { secret_id: string }
  const secretIdFile = await world.file('powerless', secret.secret_id)
  return world.open({ id: 'vault-powerless', auth: { mount: 'approle', roleId: roleId.role_id, secretIdFile } })
}

const nowhere = async (world: VaultWorld) => {
  const probeUrlFile = await world.file('nowhere', 'postgresql://probe:probe@127.0.0.1:9/app')
  return world.open({
    id: 'vault-nowhere',
    address: 'https://127.0.0.1:9',
    targets: world.config.targets.map(target => ({ ...target, probeUrlFile })),
  })
}

type Kind = { issue(world: VaultWorld): Promise<Issued>; unknown: Credential; missingPath: string }
const kinds: Record<string, Kind> = {
  'Vault tokens': {
    issue: world => world.token(),
    unknown: { kind: 'vault.token', handle: 'NobodyIssuedThisOne12345' },
    missingPath: 'auth/token/revoke-accessor',
  },
  'Vault leases': {
    issue: world => world.lease(),
    unknown: { kind: 'vault.lease', handle: `database/creds/app/${randomUUID()}`, target: 'v-nobody' },
    missingPath: 'sys/leases/revoke',
  },
  'AppRole secret ids': {
    issue: world => world.secretId(),
    unknown: { kind: 'vault.approle-secret-id', handle: `agent/${randomUUID()}` },
    missingPath: 'auth/approle/role/agent/secret-id-accessor/destroy',
  },
}

for (const [name, { issue, unknown, missingPath }] of Object.entries(kinds))
  storeContract({
    name,
    make: async () => {
      const world = await vaultWorld((await sharedStack()).addresses)
      return {
        store: world.open(),
        issue: () => issue(world),
        unknown,
        unreachable: await nowhere(world),
        refused: await powerless(world),
        missingPath,
        close: world.close,
      }
    },
  })
