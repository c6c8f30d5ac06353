import { z } from 'zod'
import { a2aDialect, claudeAgentsDialect, mappedDialect, mcpTasksDialect } from './dialects-lifecycle.ts'
import { safeUrl, storeId } from './primitives.ts'

/** Who posts to `/v1/inbox/<id>`, in which dialect, and as which principal: a sender has its principal's rights and no more. */
export const senderFields = {
  id: storeId,
  principal: z.string(),
  /** Verified deliveries a minute, in each process; more are answered 429. */
  perMinute: z.int().min(1).max(1_000_000).default(6_000),
}
/** Every one is accepted, so that one can be replaced without a gap. At least 16 bytes each. */
const secrets = z
  .array(z.strictObject({ file: z.string() }))
  .min(1)
  .max(8)
const toleranceMs = z
  .int()
  .min(1_000)
  .max(3_600_000)
  .default(5 * 60_000)
/** In clear only on this machine: who can change the keys can sign anything. */
const keysUrl = safeUrl

export const reportFormat = z.enum(['auto', 'trufflehog', 'gitleaks', 'betterleaks'])
export type ReportFormat = z.infer<typeof reportFormat>

export const senderConfig = z.discriminatedUnion('dialect', [
  /** GitHub's secret scanning partner program: ECDSA over the raw body, by keys that GitHub publishes. */
  z.strictObject({
    ...senderFields,
    dialect: z.literal('github-partner'),
    keysUrl: keysUrl.default('https://api.github.com/meta/public_keys/secret_scanning'),
  }),
  /** GitHub's webhook `secret_scanning_alert`: it carries no value. */
  z.strictObject({ ...senderFields, dialect: z.literal('github-alert'), secrets }),
  /** GitLab's token revocation API, served by us. `types`: what GitLab may send here. */
  z.strictObject({
    ...senderFields,
    dialect: z.literal('gitlab'),
    secrets,
    types: z.array(z.string().min(1).max(256)).min(1).max(500),
  }),
  /** GitGuardian's custom webhook: it carries no value. */
  z.strictObject({
    ...senderFields,
    dialect: z.literal('gitguardian'),
    secrets,
    toleranceMs: toleranceMs.default(30_000),
  }),
  /** Standard Webhooks: `whsec_` secrets (HMAC-SHA256) and `whpk_` public keys (Ed25519), each in a file. */
  z.strictObject({
    ...senderFields,
    dialect: z.literal('standard-webhooks'),
    secrets,
    toleranceMs,
    /** May a value come in clear, inside TLS only? Otherwise sealed to the key of GET /v1/keys. */
    clear: z.boolean().default(false),
  }),
  /** A scanner's report, posted as it is, with a bearer token. */
  z.strictObject({ ...senderFields, dialect: z.literal('report'), secrets, format: reportFormat.default('auto') }),
  a2aDialect.extend(senderFields),
  mcpTasksDialect.extend(senderFields),
  claudeAgentsDialect.extend(senderFields),
  mappedDialect.extend(senderFields),
])
export type SenderConfig = z.infer<typeof senderConfig>
export type SenderOf<D extends SenderConfig['dialect']> = Extract<SenderConfig, { dialect: D }>

/** Dialects that speak of leaks and nothing else: their principal needs that right. */
export const leakDialects: readonly SenderConfig['dialect'][] = [
  'github-partner',
  'github-alert',
  'gitlab',
  'gitguardian',
  'report',
]

export const inboxConfig = z.strictObject({ senders: z.array(senderConfig).default([]) }).prefault({})
