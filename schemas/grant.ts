import { z } from 'zod'

/** Kinds of credential, named by the product that honours them. */
export const credentialKind = z.enum([
  'vault.token', // handle: the token's accessor
  'vault.lease', // handle: the lease id; target: the login's name at the database
  'vault.approle-secret-id', // handle: `<role>/<secret id accessor>`
  'vault.batch-token', // nobody can revoke it; handle: any unique name of the issuer's
])
export type CredentialKind = z.infer<typeof credentialKind>

export const cause = z.enum([
  'task_finished',
  'session_ended',
  'expired',
  'idle',
  'max_life',
  'leaked',
  'forced',
  'unannounced',
  'first_probe', // settled before any end: gone or impossible when first looked at
])
export type Cause = z.infer<typeof cause>
