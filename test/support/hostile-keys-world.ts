import { randomUUID } from 'node:crypto'

export type Account = { email: string; password: string }
export type Where = 'api' | 'door'
/** How the hostile key product lies or fails. Each is off at first; a test changes them while it runs. */
export type Lies = {
  /** 204, and the key lives; its row says so. */
  revokeWithoutEffect: boolean
  /** With `revokeWithoutEffect`: the row says revoked as well. Only the door tells. */
  listSaysRevoked: boolean
  /** 202, done so much later; the row says it then. */
  queuedMs: number
  /** 500, and done at once. */
  revokeSaysTryAgain: boolean
  /** The row of a dead key says so only so much later. */
  listLagMs: number
  /** Of the door's workers one knows of the death at once, the others so much later: refused, then accepted again. */
  doorCacheMs: number
  doorSays?: 403 | 404 | 429 | 'access denied' | 'refuse-everybody' | 'accept-everybody' | undefined
  /** Whom it says 403, 404, 429 or `access denied`: with `living`, dead keys get their 401. */
  doorSaysTo: 'living' | 'everybody'
  /** Ids whose rows are not shown while they live; `a-page`: the second page comes empty. `total` counts them. */
  listHidesLiving: string[] | 'a-page'
  /**
   * A row of a first page is really deleted before the second: one living row is on no page, and `total` shrinks. For that
   * each first page puts a dead key of the administrator's into `world.keys`.
   */
  listShrinksWhilePaging: boolean
  /** Rows of revoked keys vanish. */
  dropsRows: boolean
  /** Every path of administrators answers 403. */
  ownerOnly: boolean
  /** At the next call every session is forgotten, once: 401. */
  loginLost: boolean
  /** A login succeeds, and its session is never accepted. */
  loginUseless: boolean
  loginTtlSeconds: number
  /** Of `where` below: answers so late, after doing what was asked. */
  slowMs: number
  /** Of `where`: no answer, ever. */
  hang?: 'nothing-done' | 'done' | undefined
  /** Of `where`: 200 with a page of HTML, and nothing done. */
  html: boolean
  where: Where | 'both'
  /** Calls in a fixed window of `minuteMs`; 429 with Retry-After beyond. */
  budget?: { login?: number; tokens?: number; door?: number; minuteMs: number } | undefined
  /** That many 429 inside a window: every call of everybody is 429 for `lockMs`, and `world.lockedOut` is true for ever. */
  lockout?: { strikes: number; lockMs: number } | undefined
}

export type HostileKey = {
  id: string
  name: string
  owner: string
  value: string
  createdAtMs: number
  expiresAtMs: number
  /** What PUT changes. It means nothing at the door. */
  isActive: boolean
  /** The truth: refused by one worker from then on, by all of them from `goneAtMs` on. */
  diesAtMs?: number
  goneAtMs?: number
  /** What its row says. */
  saidRevokedAtMs?: number
  usesWhileDying: number
  /** Of all keys, in the order in which their revocations took effect. */
  revocation?: number
}

/** One call, at its arrival. `status` 0: never answered, or not yet. */
export type HostileCall = { where: Where; method: string; path: string; status: number; at: number }

export type HostileWorld = ReturnType<typeof hostileWorld>

export const noLies = (): Lies => ({
  revokeWithoutEffect: false,
  listSaysRevoked: false,
  queuedMs: 0,
  revokeSaysTryAgain: false,
  listLagMs: 0,
  doorCacheMs: 0,
  doorSaysTo: 'living',
  listHidesLiving: [],
  listShrinksWhilePaging: false,
  dropsRows: false,
  ownerOnly: false,
  loginLost: false,
  loginUseless: false,
  loginTtlSeconds: 1_200,
  slowMs: 0,
  html: false,
  where: 'api',
})

export const hostileWorld = () => {
  /** In the order in which they were made. */
  const keys = new Map<string, HostileKey>()
  return {
    keys,
    calls: [] as HostileCall[],
    sessions: new Map<string, { email: string; untilMs: number }>(),
    lockedOut: false,
    revocations: 0,
    /** The ids of revoked keys that no worker accepts any more, in the order in which that came true. */
    get revokedOrder(): string[] {
      const now = Date.now()
      return [...keys.values()]
        .filter(({ goneAtMs = Number.POSITIVE_INFINITY }) => goneAtMs <= now)
        .sort((a, b) => (a.goneAtMs ?? 0) - (b.goneAtMs ?? 0) || (a.revocation ?? 0) - (b.revocation ?? 0))
        .map(({ id }) => id)
    },
  }
}

export const addKey = (world: HostileWorld, wanted: { name: string; owner: string; lifeMs: number }): HostileKey => {
  const { name, owner, lifeMs } = wanted
  const createdAtMs = Date.now()
  const key = {
    id: randomUUID(),
    name,
    owner,
    value: `hk_${randomUUID()}`,
    createdAtMs,
    expiresAtMs: createdAtMs + lifeMs,
    isActive: true,
    usesWhileDying: 0,
  }
  world.keys.set(key.id, key)
  return key
}

/** The truth: whether any worker of a door that is well accepts the key now. What the API says of it does not count. */
export const lives = ({ goneAtMs, expiresAtMs }: HostileKey, now = Date.now()): boolean =>
  now < Math.min(goneAtMs ?? Number.POSITIVE_INFINITY, expiresAtMs)

/** Whether the worker that this use comes to accepts it: one of four knows of a death at once, and the first use is its. */
export const acceptedByAWorker = (key: HostileKey, now = Date.now()): boolean => {
  if (!lives(key, now)) return false
  if (now < (key.diesAtMs ?? Number.POSITIVE_INFINITY)) return true
  key.usesWhileDying += 1
  return key.usesWhileDying % 4 !== 1
}
