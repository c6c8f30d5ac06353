import { randomBytes } from 'node:crypto'
import { provisionAws } from '../aws/provision.ts'
import { provisionPostgres } from '../postgres/provision.ts'
import { provisionVault } from '../vault/provision.ts'
import type { StackAddresses } from './addresses.ts'
import type { StackEnvironment } from './environment.ts'

/** A pipeline login that was given means that somebody else has provisioned that Vault or that AWS: it is left as it is. */
export async function provisionStack(
  found: StackAddresses,
  given: StackEnvironment,
  databaseHost?: string,
): Promise<StackAddresses> {
  const addresses = { ...found, aws: await provisionedAws(found) }
  const vaultIsDone = addresses.vault.pipelineRoleId !== ''
  if (vaultIsDone && given.postgres) return addresses
  const managerPassword = randomBytes(18).toString('base64url')
  await provisionPostgres(addresses.postgres, managerPassword)
  if (vaultIsDone) return addresses
  const login = await provisionVault(addresses.vault, addresses.postgres, managerPassword, databaseHost)
  return { ...addresses, vault: { ...addresses.vault, ...login } }
}

const provisionedAws = async ({ aws }: StackAddresses) =>
  aws.pipelineAccessKeyId === '' ? { ...aws, ...(await provisionAws(aws)) } : aws
