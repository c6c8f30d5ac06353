import { z } from 'zod'

/** Any of them is accepted: a secret is changed by adding the new one first. Read anew for each delivery. */
const secrets = z
  .array(z.strictObject({ file: z.string().min(1) }))
  .min(1)
  .max(8)
export const headerName = z.string().regex(/^[a-z0-9][a-z0-9-]{0,63}$/, 'a header name in lower case')
/** How far the sender's clock may be from ours, and how old a replay may be. */
const toleranceMs = z
  .int()
  .min(1_000)
  .max(3_600_000)
  .default(5 * 60_000)

/** How the sender of a webhook proves who it is. */
export const webhookAuthentication = z.discriminatedUnion('by', [
  /** `Authorization: Bearer <secret>` */
  z.strictObject({ by: z.literal('bearer'), secrets }),
  /** A header that holds the secret itself. */
  z.strictObject({ by: z.literal('header'), header: headerName, secrets }),
  /** An HMAC of the raw body in a header; with `timestamp`, of `<timestamp>.<raw body>`. */
  z.strictObject({
    by: z.literal('hmac'),
    header: headerName,
    secrets,
    hash: z.enum(['sha256', 'sha512']).default('sha256'),
    /** Hex is lower case, base64 is padded. */
    encoding: z.enum(['hex', 'base64']).default('hex'),
    /** What stands before the signature, such as `sha256=`. */
    prefix: z.string().max(32).default(''),
    /** Unix seconds. Without it a delivery can be replayed; a replay says the same again and no more. */
    timestamp: z.strictObject({ header: headerName, toleranceMs }).optional(),
  }),
  /** standardwebhooks.com: `whsec_` secrets (v1, HMAC-SHA256) and `whpk_` public keys (v1a, Ed25519). */
  z.strictObject({ by: z.literal('standard-webhooks'), secrets, toleranceMs }),
])
export type WebhookAuthentication = z.infer<typeof webhookAuthentication>
/** All of them must hold. */
export const webhookAuthentications = z.array(webhookAuthentication).min(1).max(4)
