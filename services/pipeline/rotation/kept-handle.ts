import type { SecretConfig } from '../../../schemas/secrets.ts'

/** What a session that read a registered secret was granted: named as the registry names it. */
export const keptHandle = (secret: SecretConfig, keeperVersion: string) => `${secret.keeper.name}#${keeperVersion}`
