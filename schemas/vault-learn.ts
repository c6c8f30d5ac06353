import { z } from 'zod'
import { durationMs } from './primitives.ts'

/** A request path of Vault's, exact or with `*` at its end. */
const requestPath = z.string().regex(/^[^*]+\*?$/, 'a request path, with * at its end only')

/** Names of response fields that bear a credential: only their HMACs are remembered. */
const secretFields = [
  'password',
  'token',
  'secret_id',
  'secret_key',
  'session_token',
  'security_token',
  'access_token',
  'client_secret',
  'private_key',
]

/** Grants learned from this Vault's own audit stream, with no change at any issuer. */
export const vaultLearn = z
  .strictObject({
    /** Whose grants they are: its tenant, and its right to grant at this store. */
    principal: z.string(),
    /** The file of a declared audit device with hmac_accessor=false, on this machine. */
    auditFile: z.string().optional(),
    /** Where the reading of that file stands. Lost: the file is read from its start, and an inventory taken. */
    positionFile: z.string().optional(),
    /** Or a Kafka topic that a log shipper fills with the same records. */
    auditTopic: z.string().optional(),
    /** Or a socket that an audit device of type `socket` connects to: `unix:<path>`, or `tcp:<loopback address>:<port>`. */
    auditSocket: z
      .string()
      .regex(
        /^(?:unix:\/.{1,100}|tcp:(?:127\.0\.0\.1|\[::1\]):\d{1,5})$/,
        'unix:<path>, tcp:127.0.0.1:<port> or tcp:[::1]:<port>: nobody who connects is authenticated',
      )
      .optional(),
    /** The audit device's path, for sys/audit-hash. */
    device: z.string().default('file'),
    /** Where credentials are made that may be ours. Nothing else is looked at. */
    paths: z.array(requestPath).min(1),
    /** Token metadata: which key names the session (without it nothing is ours), and which the task. */
    sessionKey: z.string().default('session'),
    taskKey: z.string().default('task'),
    /** More metadata that a token must carry: two tenants in one Vault. */
    where: z.record(z.string(), z.string()).default({}),
    /** A grant learned here announces its session itself. Absent: an unannounced session ends after the grace. */
    sessionStart: z.strictObject({ maxLifeMs: durationMs.optional(), idleMs: durationMs.optional() }).optional(),
    secretFields: z.array(z.string()).default(secretFields),
    /** The field that names the login at the target; in clear by the mount's audit_non_hmac_response_keys. */
    targetField: z.string().default('username'),
    /** How late a record may come. Added to every learned expiry. Absent: 0 for a file, 10 s for a socket, a minute for a topic. */
    lateMs: z.int().min(0).max(3_600_000).optional(),
    /** A login of its own, with nothing but policy-curfew-learn.hcl. Absent: the store's. */
    auth: z
      .strictObject({ mount: z.string().default('approle'), roleId: z.string(), secretIdFile: z.string() })
      .optional(),
  })
  .refine(
    ({ auditFile, positionFile, auditTopic, auditSocket }) =>
      [auditFile, auditTopic, auditSocket].filter(one => one !== undefined).length === 1 &&
      (auditFile === undefined) === (positionFile === undefined),
    'one of auditFile (with positionFile), auditTopic, auditSocket',
  )
export type VaultLearn = z.infer<typeof vaultLearn>
