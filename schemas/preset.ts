import { z } from 'zod'
import { answers, maybeAnswers, place, timeForm, where } from './answer.ts'
import { door } from './door.ts'

/**
 * How a product's key API behaves, as data: a product is added by a YAML file, without code. Texts may hold `{{names}}`; which names
 * stand where is checked when the preset is read. Docs: docs/presets.md.
 */
const text = z.string().min(1).max(2_000)
const name = z.string().regex(/^[a-zA-Z][\w-]{0,40}$/, 'a name is letters, digits, dashes and underscores')
const request = z.strictObject({
  method: z.enum(['GET', 'POST', 'PUT', 'PATCH', 'DELETE']),
  /** Below the store's address; what is filled in is percent-encoded. */
  path: z.string().startsWith('/'),
  query: z.record(z.string(), text).optional(),
  headers: z.record(z.string(), text).optional(),
  /** A text that is one `{{name}}` and nothing else becomes a number where its value is one. */
  json: z.unknown().optional(),
  form: z.record(z.string(), text).optional(),
  basic: z.strictObject({ username: text, password: text }).optional(),
})

export const budgetGroup = z.strictObject({ calls: z.int().min(1), perSeconds: z.number().positive() })
/** The product locks the caller out at this many 429s inside the window. */
export const lockout = z.strictObject({ strikes: z.int().min(2), windowSeconds: z.number().positive() })
const operation = {
  request,
  /** A group of `budgets`. */
  budget: name.default('api'),
}

const paging = z.discriminatedUnion('by', [
  /** `{{page.offset}}`, `{{page.size}}` */
  z.strictObject({ by: z.literal('offset'), size: z.int().min(2), total: place.optional() }),
  /** `{{page.number}}`, `{{page.size}}` */
  z.strictObject({
    by: z.literal('number'),
    size: z.int().min(1),
    first: z.int().min(0).default(1),
    total: place.optional(),
  }),
  /** `{{page.cursor}}`, left out of the first request; the end is where there is no next one. */
  z.strictObject({ by: z.literal('cursor'), size: z.int().min(1).optional(), next: place }),
  z.strictObject({ by: z.literal('none') }),
])

const login = z.strictObject({
  ...operation,
  budget: name.default('login'),
  done: answers.default([200]),
  /** Where the session is in the answer: `{{login.token}}` from then on. */
  token: z.union([z.strictObject({ place }), z.strictObject({ header: text }), z.strictObject({ cookie: text })]),
  life: z.union([
    z.strictObject({ place, unit: z.enum(['seconds', 'milliseconds']).default('seconds') }),
    z.strictObject({ seconds: z.number().positive() }),
  ]),
  /** By these a call says that the session is over: one new login, and the call again. */
  lost: answers.default([401]),
})

const keyStatus = z.strictObject({
  budget: name.default('api'),
  /** One key at a time. */
  get: z
    .strictObject({
      request,
      found: answers.default([200]),
      /** The product does not know the key, in its own words: a gateway before it says 404, too. */
      absent: answers,
      item: place.default('.'),
    })
    .optional(),
  /** Or all keys: one pass over the pages serves every key that is asked for. */
  list: z
    .strictObject({
      request,
      done: answers.default([200]),
      items: place,
      /** Where an item names its key, and what of a handle that is. */
      id: place,
      matches: text.default('{{handle}}'),
      paging,
      /** The place of the name that a key was issued under. */
      name: place.optional(),
    })
    .optional(),
  /** An item that fits one of these is dead, else one that fits `alive` is alive; anything else is unknown. */
  dead: z.array(where).default([]),
  alive: z.array(where).optional(),
  /** What it means that the product does not know or list the key: `dead` where revoking removes it, else `unknown`. */
  absent: z.enum(['dead', 'unknown']),
  /** Fields that look like the answer and are not: for people. */
  ignored: z.array(text).default([]),
})

const issue = z.strictObject({
  ...operation,
  done: answers.default([200, 201]),
  /** Where the answer names the key; or the handle as a text over `{{answer.<place>}}`. */
  handle: z.union([place, z.strictObject({ text })]),
  value: place,
  expiresAt: z.strictObject({ place, as: timeForm.default('iso') }).optional(),
  /** `{{life}}` is a number in this unit, rounded up; `{{expiresAt}}` is the moment. */
  life: z
    .strictObject({
      unit: z.enum(['milliseconds', 'seconds', 'minutes', 'hours', 'days']).default('seconds'),
      atLeast: z.number().positive().optional(),
      expiresAs: timeForm.default('iso'),
    })
    .prefault({}),
  name: z.strictObject({ atMost: z.int().min(8).default(40) }).prefault({}),
})

const revoke = z.strictObject({
  ...operation,
  /** The product claims that it did it. Like all the others: confirmed by status or door, never believed. */
  done: answers,
  /** It will do it later. */
  queued: maybeAnswers.default([202]),
  /** It says that this was done before. */
  already: maybeAnswers.default([]),
  /** It says that there is no such key: products say so of other owners' living keys, too. */
  absent: maybeAnswers.default([404]),
})

const keyDoor = z.strictObject({
  mcp: z.boolean().default(false),
  method: door.shape.method,
  headers: z.record(z.string(), text).optional(),
  json: z.unknown().optional(),
  accepted: answers.optional(),
  refused: answers.optional(),
})

export const preset = z
  .strictObject({
    format: z.literal(1),
    product: text,
    /** What this was run against, or `untested`: written from the documentation alone. */
    tried: text,
    documentation: z.array(z.url()).default([]),
    notes: z.array(text).default([]),
    /** What the store's `parameters` must hold, each with a word for people. */
    parameters: z.record(name, text).default({}),
    /** Files that the store's `secrets` must name. */
    secrets: z.record(name, text).default({}),
    headers: z.record(z.string(), text).default({}),
    basic: z.strictObject({ username: text, password: text }).optional(),
    login: login.optional(),
    /** The header in which a refused call is told how many seconds to wait. */
    pauseHeader: text.default('retry-after'),
    /** Calls that Curfew may make, for each group: leave the agents theirs. */
    budgets: z.record(name, budgetGroup).default({}),
    /** Never reached. */
    lockout: lockout.optional(),
    /** The shape of a handle; named groups are `{{handle.<name>}}`. */
    handle: z
      .strictObject({ is: text, pattern: text.default('^[A-Za-z0-9][A-Za-z0-9_:.@=+-]*$') })
      .prefault({ is: "the key's id" }),
    revoke,
    status: keyStatus.optional(),
    issue: issue.optional(),
    /** Where a key is used: `mcp` is an MCP server's `initialize`; the store's config gives its URL. */
    door: keyDoor.optional(),
    /** Naive times are in this zone, as an offset: `+00:00`. */
    zone: z
      .string()
      .regex(/^[+-]\d\d:\d\d$/)
      .default('+00:00'),
    /** How long a door may go on accepting, or accept again, after a revocation. */
    windowSeconds: z.number().min(0).max(3_600),
    survives: z.array(z.string().min(1).max(200)).max(8).default([]),
  })
  .refine(one => one.status?.get === undefined || one.status.list === undefined, 'status: one of get, list')
  .refine(one => one.status === undefined || one.status.get || one.status.list, 'status: one of get, list')
export type Preset = z.infer<typeof preset>
export type PresetRequest = z.infer<typeof request>
export type PresetPaging = z.infer<typeof paging>
