import { z } from 'zod'

/** Kinds of credential, named by the product that honours or keeps them, by kind of store. */
export const kindsOfStore = {
  vault: [
    'vault.token', // handle: the token's accessor
    'vault.lease', // handle: the lease id; target: the login's name at the database
    'vault.approle-secret-id', // handle: `<role>/<secret id accessor>`
    'vault.batch-token', // nobody can revoke it; handle: any unique name of the issuer's
  ],
  'vault-kv': [
    'kv.secret-version', // a version of a registered secret; handle: `<path>#<version>`
  ],
  'vault-database': [
    'database.password', // of a static role; handle: `<role>@<last_vault_rotation>`
  ],
  'vault-dynamic': [
    'database.login', // of a dynamic role; handle: `<login>@<accessor of its token>`, or `<login>@<lease id>`
  ],
  oauth: [
    'oauth.access-token', // handle: its jti, or any unique name that is not the token; needs `value` (RFC 7009)
    'oauth.refresh-token', // the same; a successor says `replaces`
  ],
  'key-api': ['api.key'], // handle: the id by which the key's product names it
  'aws-secrets-manager': [
    'aws.secret', // a secret made for a session; handle: its ARN; `inside`: what it holds
    'aws.secret-version', // a version of a shared secret; handle: `<ARN>#<version id>`
  ],
  'aws-sts': [
    'aws.sts-session', // nobody can revoke it; handle: `<assumed-role ARN>@<when STS issued it, UTC, in seconds>`
  ],
  standing: ['standing.key'], // what a server knows from its environment; handle: any name that is not the key
} as const
/** Stores that must be shown a credential's value, or try it at a door: only for these it is kept, sealed. */
export const valueKinds: readonly string[] = ['oauth', 'key-api', 'standing', 'vault-database', 'vault-dynamic']
export type StoreKind = keyof typeof kindsOfStore
/** Stores that hold a credential and do not honour it: only their grants say what is `inside`. */
export const keeperKinds: readonly StoreKind[] = ['aws-secrets-manager', 'vault-kv']
export type CredentialKind = (typeof kindsOfStore)[StoreKind][number]
export const credentialKind = z.enum(Object.values(kindsOfStore).flat() as [CredentialKind, ...CredentialKind[]])

export const cause = z.enum([
  'task_finished',
  'session_ended',
  'expired',
  'idle',
  'max_life',
  'leaked',
  'forced',
  'rotated', // a newer version of its secret took its place
  'rolled_back', // made by a rotation that did not promote it
  'unannounced',
  'first_probe', // settled before any end: gone or impossible when first looked at
])
export type Cause = z.infer<typeof cause>
