import type { Canary } from '../../schemas/canary.ts'
import type { EventType } from '../../schemas/events.ts'
import type { Receipt } from '../../schemas/receipt.ts'
import type { Problem } from '../pipeline/errors.ts'
import { every } from '../pipeline/every.ts'
import { isOldCanary, oldAfterPeriods } from '../pipeline/honest-health.ts'
import { credentialId, randomId } from '../pipeline/ids.ts'
import type { CanaryLease } from './canary-lease.ts'

/** A fresh credential as its grant has it. `value`: already sealed to the intake key, where its store must be shown it. */
export type Created = {
  handle: string
  target?: string
  value?: string
  expiresAt?: number | undefined
  inside?: Inside
}
/** What a keeper's secret stands for. */
type Inside = { store: string; kind: string; handle: string; target?: string; value?: string }
/** `left`: what was made before it failed, and must die all the same. */
export type NotCreated = { problem: Problem; left?: Inside }

export type CanaryParts = {
  config: Canary
  lease: CanaryLease
  create(session: string): Promise<Created | NotCreated>
  /** Through the same door as everybody's events. Resolves when its facts are durable. */
  send(type: EventType, data: Record<string, unknown>): Promise<void>
  receiptOf(cid: string): Promise<Receipt | undefined>
  /** The store's trouble, not ours: why the work cannot go on with it. */
  blockedBy(cid: string): Promise<string | undefined>
  lastVerifiedAt(): Promise<number | undefined>
  rememberDeath(at: number): Promise<void>
  /** What was acknowledged neither dies nor is blocked: starting again may mend it. */
  onStuck(reason: string): void
  log(entry: object): void
}

const pollMs = 100

/** A real credential, through the whole real path, every period: its proven death is what health means. */
export const startCanary = (parts: CanaryParts): { close(): Promise<void> } => {
  const { config, log } = parts
  const closing = new AbortController()
  const startedAt = Date.now()
  let pagedAt = 0
  const onError = (error: unknown) =>
    log({ msg: 'the canary failed', ...named(config), error: error instanceof Error ? error.message : 'unknown' })

  const page = async () => {
    const since = (await parts.lastVerifiedAt()) ?? startedAt
    const ageMs = Date.now() - since
    if (!isOldCanary(ageMs, config) || Date.now() - pagedAt < config.everyMs) return
    pagedAt = Date.now()
    log({ msg: 'PAGE no canary was proven dead for three periods', ...named(config), afterMs: ageMs })
  }
  const tickMs = Math.min(1_000, config.everyMs / 2)
  const stopRuns = every(
    tickMs,
    async () => {
      if (!(await parts.lease.take(config.everyMs))) return
      try {
        await run(parts, closing.signal)
      } finally {
        await parts.lease.release()
      }
    },
    onError,
  )
  const stopPages = every(tickMs, page, onError)
  return {
    close: async () => {
      closing.abort()
      await Promise.all([stopRuns(), stopPages()])
    },
  }
}

const named = ({ store, kind }: Canary) => ({ store, kind })

const run = async (parts: CanaryParts, closing: AbortSignal): Promise<void> => {
  const { config, log } = parts
  const { store, kind } = config
  const session = `canary-${randomId()}`
  const created = await parts.create(session)
  const ends = async (grant: Record<string, unknown>) => {
    await parts.send('curfew.session.started', { session })
    await parts.send('curfew.credential.granted', { session, ...grant, renewable: false })
    await parts.send('curfew.session.ended', { session, reason: 'canary' })
  }
  if ('problem' in created) {
    const { code, detail } = created.problem
    log({ msg: 'the canary cannot be made', store, kind, code, detail })
    return created.left && ends(created.left)
  }
  const { handle, expiresAt, ...more } = created
  const life = expiresAt === undefined ? {} : { expiresAt: new Date(expiresAt).toISOString() }
  await ends({ store, kind, handle, ...more, ...life })
  await untilSettled(parts, credentialId(store, handle), closing)
}

const untilSettled = async (parts: CanaryParts, cid: string, closing: AbortSignal): Promise<void> => {
  const { config, log } = parts
  const deadline = Date.now() + oldAfterPeriods * config.everyMs
  while (!closing.aborted) {
    const receipt = await parts.receiptOf(cid)
    if (receipt?.outcome === 'verified') return parts.rememberDeath(receipt.settledAt)
    if (receipt)
      return log({ msg: 'PAGE a canary was not proven dead', ...named(config), cid, outcome: receipt.outcome })
    if (Date.now() > deadline) {
      const blocked = await parts.blockedBy(cid)
      if (blocked === undefined) return parts.onStuck(`a canary of ${config.store} neither dies nor is blocked`)
      return log({ msg: 'the canary is blocked', ...named(config), cid, code: blocked })
    }
    await parts.lease.keep()
    await new Promise(resolve => setTimeout(resolve, pollMs))
  }
}
