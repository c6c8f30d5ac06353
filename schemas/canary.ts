import { z } from 'zod'
import type { CredentialKind, StoreKind } from './grant.ts'
import { storeId } from './primitives.ts'
import type { StoreConfig } from './stores.ts'

/** Where a credential is made, and how. */
const place = z.strictObject({
  store: storeId,
  /** A Vault store: a token through this token role, which decides its life and policies. */
  tokenRole: z.string().min(1).optional(),
  /** A Vault store: a login of this role at `database/creds/`, proven at the database. */
  databaseRole: z
    .string()
    .regex(/^\w[\w.-]*$/)
    .optional(),
})
const canaryEntry = place.extend({
  /** A store in AWS Secrets Manager: a secret that stands for this credential, and dies with it. */
  holds: place.optional(),
  everyMs: z.int().min(1_000).default(60_000),
})
type Place = z.infer<typeof place>
export type CanaryEntry = z.infer<typeof canaryEntry>

/** Everything that the canaries of a config make. */
export const placesOf = (canary: CanaryEntry[]): Place[] =>
  canary.flatMap(one => (one.holds === undefined ? [one] : [one, one.holds]))

/** One, or a list: one per kind of store that shall be known to be well. */
export const canaryConfig = z
  .union([canaryEntry, z.array(canaryEntry)])
  .default([])
  .transform(given => [given].flat())

/** What is made, and of which kind it is. */
export type CanaryCredential = Place & { kind: CredentialKind }
/** One configured canary; its store and the kind of its credential name it. */
export type Canary = Omit<CanaryEntry, 'holds'> & CanaryCredential & { holds?: CanaryCredential }

export const canariesOf = ({ canary, stores }: { canary: CanaryEntry[]; stores: StoreConfig[] }): Canary[] => {
  const made = (one: Place): CanaryCredential[] => {
    const kind = kindOf(one, stores.find(({ id }) => id === one.store)?.kind)
    return kind === undefined ? [] : [{ ...one, kind }]
  }
  return canary.flatMap(({ holds, ...entry }) => {
    const [held] = holds === undefined ? [] : made(holds)
    return made(entry).map(one => ({ ...entry, ...one, ...(held === undefined ? {} : { holds: held }) }))
  })
}

const kindOf = ({ tokenRole }: Place, store: StoreKind | undefined): CredentialKind | undefined => {
  if (store === 'vault') return tokenRole === undefined ? 'vault.lease' : 'vault.token'
  if (store === 'key-api') return 'api.key'
  if (store === 'aws-secrets-manager') return 'aws.secret'
  return store === 'oauth' ? 'oauth.access-token' : undefined
}

/** Why nothing can be made there that a session could hold and lose. */
const without: Partial<Record<StoreKind, string>> = {
  'vault-kv': 'it keeps what is registered, and nothing that a session holds; give the store that honours it a canary',
  'vault-database': 'its passwords belong to fixed roles; give the store of kind vault a canary with `databaseRole`',
  'vault-dynamic': 'its logins belong to rotations; give the store of kind vault a canary with `databaseRole`',
  'oauth-clients': 'its clients belong to rotations; give the store of kind oauth a canary',
  'aws-sts': 'nobody can revoke a role session, so that none dies before its end',
  standing: 'a server that only knows standing keys makes none',
}

/** What is wrong with the canaries of a config, each with its reason. */
export const canaryProblems = (canary: CanaryEntry[], stores: StoreConfig[]): string[] => {
  const names = canariesOf({ canary, stores }).map(({ store, kind }) => `${store} (${kind})`)
  const twice = names.filter((name, i) => names.indexOf(name) !== i)
  return [
    ...canary.flatMap(entry => problemOf(entry, stores) ?? []),
    ...twice.map(name => `canary: ${name} stands there twice`),
  ]
}

const problemOf = ({ holds, ...entry }: CanaryEntry, stores: StoreConfig[]): string | undefined => {
  const kind = stores.find(one => one.id === entry.store)?.kind
  const keeps = kind === 'aws-secrets-manager'
  const here = placeProblem(entry, stores)
  if (here !== undefined || kind === undefined) return here
  if (keeps && holds === undefined)
    return `canary: "${entry.store}" keeps credentials and honours none: name with \`holds\` the store whose credential its secret stands for`
  if (holds === undefined) return undefined
  if (!keeps) return `canary: "${entry.store}" honours what it makes: it takes no \`holds\``
  if (stores.find(one => one.id === holds.store)?.kind === 'aws-secrets-manager')
    return `canary.holds: "${holds.store}" honours no credential`
  return placeProblem(holds, stores)
}

const placeProblem = ({ store: id, tokenRole, databaseRole }: Place, stores: StoreConfig[]): string | undefined => {
  const store = stores.find(one => one.id === id)
  if (!store) return `canary.store: no store "${id}"`
  const why = without[store.kind]
  if (why !== undefined) return `canary.store: "${id}" (${store.kind}) cannot have a canary: ${why}`
  const roles = [tokenRole, databaseRole].filter(role => role !== undefined).length
  if (store.kind !== 'vault')
    return roles === 0 ? undefined : `canary: "${id}" is no Vault: it takes neither \`tokenRole\` nor \`databaseRole\``
  if (roles !== 1) return `canary: for "${id}" give one of \`tokenRole\` and \`databaseRole\``
  const proven = store.targets.some(target => `database/creds/${databaseRole}/`.startsWith(target.leasePrefix))
  return databaseRole === undefined || proven
    ? undefined
    : `canary: no target of "${id}" covers database/creds/${databaseRole}/: nobody could prove its login dead`
}
