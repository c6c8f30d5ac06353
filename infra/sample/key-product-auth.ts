import { randomBytes, randomUUID } from 'node:crypto'
import { apiKey } from '@better-auth/api-key'
import { betterAuth } from 'better-auth'
import { memoryAdapter } from 'better-auth/adapters/memory'
import { bearer } from 'better-auth/plugins'

export type Account = { email: string; password: string }
/** All that the product knows: it outlives a stop, as a database does. */
export type KeyProductData = {
  tables: Record<string, Record<string, unknown>[]>
  secret: string
  /** Owns the keys; the one that Curfew logs in as. */
  account: Account
  /** Another owner: the first account neither sees its keys nor ends them (404, and they live). */
  other: Account
}
export type KeyProductOptions = {
  /** A session is prolonged by use; unused it ends after this. */
  sessionSeconds?: number
  /** The product's own shortest life of a key is a whole day. */
  shortestKeyDays?: number
  /**
   * As in production: 3 calls to `/sign-in` and 100 to any other path, counted until 10 s pass without one that is allowed;
   * 429 with X-Retry-After. Callers without `x-forwarded-for` share one count, and so do all products of this process.
   */
  limits?: boolean
}
export type KeyAuth = ReturnType<typeof keyAuth>

export const newKeyProductData = (): KeyProductData => ({
  tables: { user: [], session: [], account: [], verification: [], apikey: [] },
  secret: randomBytes(32).toString('hex'),
  account: newAccount('curfew'),
  other: newAccount('other'),
})

const newAccount = (name: string): Account => ({ email: `${name}@keys.example`, password: randomUUID() })

/** better-auth with its api-key plugin, as a product configures it. */
export const keyAuth = (baseURL: string, data: KeyProductData, options: KeyProductOptions) => {
  const { sessionSeconds = 7 * 86_400, shortestKeyDays = 1, limits = false } = options
  return betterAuth({
    baseURL,
    secret: data.secret,
    database: memoryAdapter(data.tables),
    emailAndPassword: { enabled: true },
    session: { expiresIn: sessionSeconds, updateAge: Math.min(86_400, sessionSeconds / 2) },
    // Both would differ from production under a test runner (NODE_ENV=test): the origin is checked as in production.
    advanced: { disableOriginCheck: false },
    rateLimit: { enabled: limits },
    plugins: [
      // Its own limit of 10 uses of a key in a day makes `verifyApiKey` call a living key invalid.
      apiKey({ rateLimit: { enabled: false }, keyExpiration: { minExpiresIn: shortestKeyDays } }),
      bearer(),
    ],
    logger: { disabled: true },
    telemetry: { enabled: false },
  })
}

/** The owner's id at the product; the account is made at the first start. */
export const ownerId = async (auth: KeyAuth, data: KeyProductData, { email, password }: Account): Promise<string> => {
  const known = data.tables.user?.find(row => row.email === email)
  if (known) return String(known.id)
  return (await auth.api.signUpEmail({ body: { email, password, name: email } })).user.id
}
