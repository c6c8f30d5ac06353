import { z } from 'zod'
import { oidcIssuer } from './api-oidc.ts'
import { auditConfig } from './audit.ts'
import { canaryConfig, canaryProblems } from './canary.ts'
import { inboxConfig, leakDialects } from './inbox.ts'
import { canaryTenant, durationMs, storeId } from './primitives.ts'
import { role } from './roles.ts'
import { secretConfig } from './secrets.ts'
import { signalProblems, signalsConfig } from './signals.ts'
import { storeConfig } from './stores.ts'

export { type Role, role } from './roles.ts'

export const topicNames = z
  .object({
    lifecycle: z.string().default('task-lifecycle'),
    grants: z.string().default('credential-grants'),
    leaks: z.string().default('leak-detections'),
    facts: z.string().default('curfew-facts'),
    outcomes: z.string().default('credential-outcomes'),
    deadLetters: z.string().default('curfew-dead-letters'),
  })
  .prefault({})

/** Who may send what. Static: checked at intake, without state. */
export const principal = z.strictObject({
  id: z.string().min(1).max(64),
  tenant: z.string().min(1).max(64),
  may: z.strictObject({
    lifecycle: z.boolean().default(false),
    /** Ids of the stores that this principal may register credentials of. */
    grant: z.array(storeId).default([]),
    leak: z.boolean().default(false),
    /** Every role, and every event of its tenant. */
    admin: z.boolean().default(false),
    roles: z.array(role).optional(),
  }),
  /** SHA-256 (hex) of the bearer token that authenticates this principal over HTTP. */
  tokenSha256: z
    .string()
    .regex(/^[0-9a-f]{64}$/)
    .optional(),
})
export type Principal = z.infer<typeof principal>

export const config = z
  .strictObject({
    kafka: z.strictObject({
      brokers: z.array(z.string()).min(1),
      topics: topicNames,
      /** Fixed for the life of the facts topic. */
      factsPartitions: z.int().min(1).max(256).default(8),
      group: z.string().default('curfew'),
      /** The principal that each input topic's writers are, by the broker's ACLs. */
      principals: z.strictObject({ lifecycle: z.string(), grants: z.string(), leaks: z.string() }),
      /** An operator's word that what an offset gap skipped was reconciled. */
      acceptGap: z.boolean().default(false),
    }),
    redis: z.strictObject({
      url: z.string(),
      prefix: z
        .string()
        .regex(/^[\w-]+$/)
        .default('curfew'),
    }),
    /** Directory of the key rings (peppers, intake keys): outside Redis and outside temporary folders. */
    keysDir: z.string(),
    principals: z.array(principal).min(1),
    stores: z.array(storeConfig),
    /** The secret registry. */
    secrets: z.array(secretConfig).default([]),
    /** Webhooks of scanners and orchestrators: each sender posts to /v1/inbox/<id>. */
    inbox: inboxConfig,
    /** Who else is told what ended: signed webhooks, streams of Security Event Tokens. */
    signals: signalsConfig,
    session: z
      .strictObject({
        maxLifeMs: durationMs.default(24 * 3_600_000),
        maxLifeCapMs: durationMs.default(7 * 86_400_000),
        /** Absent: a session may be silent until its maximum life. */
        idleMs: durationMs.optional(),
        /** How long a grant may wait for its session's start. */
        graceMs: z.int().min(0).default(60_000),
        /** A leak of one credential ends every session that holds it: whoever copied one may have copied all. */
        endOnLeak: z.boolean().default(false),
      })
      .prefault({}),
    /** Past due + bound a reachable store refuses the credential. */
    bounds: z.strictObject({ credentialMs: z.int().default(30_000), rotationMs: z.int().default(60_000) }).prefault({}),
    cap: z
      .strictObject({ kills: z.int().min(1).default(100), windowMs: z.int().min(1_000).default(600_000) })
      .prefault({}),
    /** How long after its proof a death is looked at once more: a dead credential seen alive is an incident. */
    recheckMs: z
      .int()
      .min(1_000)
      .default(5 * 60_000),
    /** An expiry that later facts could move is held for unread input this long at most. */
    expiryHoldMs: z.int().default(15 * 60_000),
    work: z
      .strictObject({
        concurrency: z.int().min(1).default(16),
        queueRoom: z.int().min(1).default(500),
        wakeUps: z.boolean().default(true),
      })
      .prefault({}),
    api: z
      .strictObject({
        host: z.string().default('127.0.0.1'),
        port: z.int().min(0).default(7440),
        /** Whose bearer tokens people may show, beside the static ones of `principals`. */
        oidc: z.array(oidcIssuer).default([]),
      })
      .prefault({}),
    /** Receipts signed and chained in files; absent: not exported. */
    audit: auditConfig.optional(),
    /** OpenTelemetry: spans of each event on its way to the receipt, to an OTLP/HTTP receiver (`.../v1/traces`). */
    tracing: z.strictObject({ otlpUrl: z.url() }).optional(),
    canary: canaryConfig,
  })
  .superRefine((c, context) => {
    const problem = (message: string) => context.addIssue({ code: 'custom', message })
    const ids = new Set(c.principals.map(p => p.id))
    if (ids.size !== c.principals.length) problem('principals: an id is used twice')
    for (const [topic, id] of Object.entries(c.kafka.principals))
      if (!ids.has(id)) problem(`kafka.principals.${topic}: no principal "${id}"`)
    const stores = new Set(c.stores.map(s => s.id))
    if (stores.size !== c.stores.length) problem('stores: an id is used twice')
    const reserved = c.principals.find(p => p.tenant === canaryTenant)
    if (reserved) problem(`principals.${reserved.id}: tenant "${canaryTenant}" is Curfew's own`)
    const tenantOf = new Map<string, string>()
    for (const p of c.principals)
      for (const store of p.may.grant) {
        if (!stores.has(store)) problem(`principals.${p.id}: no store "${store}"`)
        // One credential belongs to one tenant: a shared instance would let one tenant's end kill another's credential.
        if ((tenantOf.get(store) ?? p.tenant) !== p.tenant)
          problem(`store "${store}" is granted by principals of two tenants: give each tenant an instance of its own`)
        tenantOf.set(store, p.tenant)
      }
    if (new Set(c.secrets.map(one => one.id)).size !== c.secrets.length) problem('secrets: an id is used twice')
    for (const secret of c.secrets)
      for (const side of ['keeper', 'issuer'] as const) {
        const { store } = secret[side]
        if (!stores.has(store)) problem(`secrets.${secret.id}.${side}: no store "${store}"`)
        if ((tenantOf.get(store) ?? secret.tenant) !== secret.tenant)
          problem(`secrets.${secret.id}.${side}: store "${store}" belongs to another tenant`)
      }
    const senders = c.inbox.senders
    if (new Set(senders.map(s => s.id)).size !== senders.length) problem('inbox.senders: an id is used twice')
    for (const { id, principal, dialect } of senders) {
      const who = c.principals.find(p => p.id === principal)
      if (!who) problem(`inbox.senders.${id}: no principal "${principal}"`)
      else if (leakDialects.includes(dialect) && !who.may.leak)
        problem(`inbox.senders.${id}: principal "${principal}" may not send leaks (may.leak)`)
    }
    for (const text of signalProblems(c.signals, c.principals)) problem(text)
    const learned: string[] = []
    for (const store of c.stores) {
      const learn = 'learn' in store ? store.learn : undefined
      if (!learn) continue
      if (!c.principals.find(p => p.id === learn.principal)?.may.grant.includes(store.id))
        problem(`stores.${store.id}.learn.principal: "${learn.principal}" may not grant at this store`)
      const topic = 'topic' in learn ? learn.topic : learn.auditTopic
      if (topic !== undefined) learned.push(topic)
    }
    if (new Set(learned).size !== learned.length) problem('stores: a topic is learned from twice')
    // Where an entry has a fault of its own, it has not become a list.
    for (const message of canaryProblems([c.canary].flat(), c.stores)) problem(message)
    for (const field of ['id', 'issuer'] as const)
      if (new Set(c.api.oidc.map(one => one[field])).size !== c.api.oidc.length)
        problem(`api.oidc: one ${field} is used twice`)
    // People of an issuer, and whoever holds the local token, have names that the config cannot give to another.
    for (const { id } of c.principals)
      if (id === 'local' || id.startsWith('oidc:')) problem(`principals.${id}: this name is Curfew's own`)
    if (c.session.maxLifeMs > c.session.maxLifeCapMs) problem('session.maxLifeMs is over session.maxLifeCapMs')
  })
export type Config = z.infer<typeof config>
