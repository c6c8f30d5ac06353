import { Cron } from 'croner'
import { z } from 'zod'
import { credentialKind } from './grant.ts'
import { hook } from './hook.ts'
import { durationMs, handle, storeId } from './primitives.ts'

/**
 * The secret registry: standing secrets that consumers read by name at a keeper, and the issuer whose credential each holds.
 * Curfew rotates them on schedule, on demand, after each task that used them, and at once when they leak.
 */
const cron = z.string().refine(isCron, 'a cron expression, for example "0 3 * * *" (UTC; six fields: seconds first)')

function isCron(pattern: string): boolean {
  try {
    new Cron(pattern, { paused: true })
    return true
  } catch {
    return false
  }
}

/** How consumers get the new version. After it the overlap begins. */
const pickUp = z.discriminatedUnion('by', [
  /** They read the secret again by themselves. */
  z.strictObject({ by: z.literal('poll'), everyMs: z.int().min(0).max(86_400_000) }),
  /** Told of `{ secret, rotation, keeperVersion }`. */
  z.strictObject({ by: z.literal('hook'), hook }),
])

export const secretConfig = z
  .strictObject({
    id: storeId,
    tenant: z.string().min(1).max(64),
    /** Where consumers read it by name. `name`: path of a KV secret, name or ARN of an AWS secret. */
    keeper: z.strictObject({
      store: storeId,
      name: z.string().min(1).max(512),
      /** The store itself makes, sets and publishes each new version (AWS: the secret's own Lambda): it is told to, and tracked. */
      native: z.boolean().default(false),
      /** Fields of the secret's JSON object. The other fields are kept as they are. */
      fields: z
        .strictObject({
          value: z.string().min(1).max(64).default('value'),
          /** The issuer's non-secret name of the value. */
          handle: z.string().min(1).max(64).default('handle'),
          /** `<rotation id>.<attempt>`: which rotation wrote it. */
          rotation: z.string().min(1).max(64).default('rotation'),
        })
        .prefault({}),
    }),
    /** Who honours the value. */
    issuer: z.strictObject({
      store: storeId,
      kind: credentialKind,
      /** Life of an issued credential, for products that demand one. It must be longer than the time between rotations. */
      lifeMs: durationMs.default(30 * 86_400_000),
      /** The issuer's name of the value that is there before the first rotation, where the secret does not say it. */
      firstHandle: handle.optional(),
    }),
    /** How long the old version lives after its consumers could know the new one. A leak makes it zero. */
    overlapMs: z.int().min(0).max(86_400_000).default(30_000),
    pickUp: pickUp.default({ by: 'poll', everyMs: 0 }),
    schedule: cron.optional(),
    /** Rotated after each session or task that held it: the bridge for servers that know only long-lived keys. */
    afterTask: z.boolean().default(false),
    maxAgeMs: durationMs.optional(),
    /** Rotated once so many sessions held the version. */
    maxUses: z.int().min(1).optional(),
  })
  .superRefine((secret, context) => {
    const { pickUp: by, overlapMs } = secret
    if (by.by === 'poll' && by.everyMs > overlapMs)
      context.addIssue({
        code: 'custom',
        path: ['overlapMs'],
        message: `consumers read it every ${by.everyMs} ms: an overlap of ${overlapMs} ms leaves them without a working version`,
      })
    const { lifeMs, kind } = secret.issuer
    if (kind === 'database.login' && 2 * (secret.maxAgeMs ?? Number.POSITIVE_INFINITY) + overlapMs > lifeMs)
      context.addIssue({
        code: 'custom',
        path: ['maxAgeMs'],
        message: `a dynamic login ends with its lease: maxAgeMs is needed, and at most half of lifeMs (${lifeMs} ms) without the overlap`,
      })
    const { value, handle: handleField, rotation } = secret.keeper.fields
    if (new Set([value, handleField, rotation]).size < 3)
      context.addIssue({ code: 'custom', path: ['keeper', 'fields'], message: 'three different fields are needed' })
  })
export type SecretConfig = z.infer<typeof secretConfig>

export const rotationCause = z.enum([
  'scheduled',
  'on_demand',
  'task_finished',
  'leaked',
  'forced',
  'max_age',
  'max_uses',
])
export type RotationCause = z.infer<typeof rotationCause>
/** `coalesced`: another rotation made a newer value than this one asked for. */
export const rotationResult = z.enum(['done', 'rolled_back', 'coalesced', 'impossible'])
export type RotationResult = z.infer<typeof rotationResult>
/**
 * Durable marks of a rotation's way. `issuing` comes before the issuer is asked: what it made is then searched for by name.
 * `reserved`: it made the place of a credential that is not alive yet, and what it is called.
 */
export const rotationStep = z.enum([
  'issuing',
  'reserved',
  'issued',
  'staged',
  'tested',
  'rejected',
  'promoted',
  'picked_up',
  'swept',
])
export type RotationStep = z.infer<typeof rotationStep>
