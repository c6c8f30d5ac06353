import type { Problem } from '../../services/pipeline/errors.ts'
import type { Keeper } from '../../services/pipeline/keeper-port.ts'
import type { Issued, Store } from '../../services/pipeline/ports.ts'
import { Killed } from './rotation-work.ts'

/**
 * `down`: the whole store does not answer from here on, for a while. `unanswered`: it does what it is asked, and its answer is lost.
 * `killed before`, `killed after`: the process ends before it asks, or after the store has done it.
 */
export const faults = ['down', 'unanswered', 'killed before', 'killed after'] as const
export type Fault = (typeof faults)[number]
export type Operation =
  | `keeper.${'read' | 'stage' | 'promote' | 'unstage' | 'retire'}`
  | `issuer.${'named' | 'reserve' | 'issue' | 'install' | 'use' | 'revoke' | 'probe'}`

const callsDown = 4
const silent: Problem = { code: 'timeout', detail: 'no answer in time', retryAfterMs: 20 }
const unreachable: Problem = { code: 'unreachable', detail: 'connection refused', retryAfterMs: 20 }

/** Once, at the `nth` call of `at` after it was armed, the fault happens. What it says is in each port's own form. */
export const faultyStores = (issuer: Store, keeper: Store, at: Operation, nth: number, fault: Fault) => {
  let armed = false
  let calls = 0
  let down: { side: string; left: number } | undefined
  const made: { handle: string; value: string }[] = []
  const through = async <T>(
    operation: Operation,
    work: () => Promise<T>,
    failed: (problem: Problem) => T,
  ): Promise<T> => {
    const side = operation.slice(0, 6)
    if (down?.side === side && down.left > 0) {
      down.left -= 1
      return failed(unreachable)
    }
    if (!armed || operation !== at || ++calls !== nth) return work()
    if (fault === 'killed before') throw new Killed(operation)
    if (fault === 'down') {
      down = { side, left: callsDown }
      return failed(unreachable)
    }
    await work()
    if (fault === 'killed after') throw new Killed(operation)
    return failed(silent)
  }
  const problem = (one: Problem) => ({ problem: one })
  const noted = async (issuing: Promise<Issued | { problem: Problem }>) => {
    const issued = await issuing
    if (!('problem' in issued)) made.push(issued)
    return issued
  }
  const unknown = (one: Problem) => ({ state: 'unknown', problem: one }) as const
  const { issue, named, reserve, install, use } = issuer
  const kept = keeper.keeper as Keeper
  const faultyIssuer: Store = {
    ...issuer,
    probe: (credential, lane) => through('issuer.probe', () => issuer.probe(credential, lane), unknown),
    revoke: (credential, lane) =>
      through(
        'issuer.revoke',
        () => issuer.revoke(credential, lane),
        one => ({ state: 'failed', problem: one }),
      ),
    ...(issue && { issue: request => through('issuer.issue', () => noted(issue(request)), problem) }),
    ...(reserve && {
      reserve: async request => {
        const reserved = await through('issuer.reserve', () => reserve(request), problem)
        if (!('fill' in reserved)) return reserved
        return { ...reserved, fill: () => through('issuer.issue', () => noted(reserved.fill()), problem) }
      },
    }),
    ...(named && { named: name => through('issuer.named', () => named(name), problem) }),
    ...(install && { install: version => through('issuer.install', () => install(version), problem) }),
    ...(use && { use: (value, lane, handle) => through('issuer.use', () => use(value, lane, handle), unknown) }),
  }
  const faultyKeeper: Store = {
    ...keeper,
    keeper: {
      ...kept,
      read: secret => through('keeper.read', () => kept.read(secret), problem),
      stage: (secret, version) => through('keeper.stage', () => kept.stage(secret, version), problem),
      unstage: secret => through('keeper.unstage', () => kept.unstage(secret), problem),
      promote: (secret, staged, expected) =>
        through('keeper.promote', () => kept.promote(secret, staged, expected), problem),
      retire: (secret, keep) => through('keeper.retire', () => kept.retire(secret, keep), problem),
    },
  }
  return {
    stores: new Map([
      [issuer.id, faultyIssuer],
      [keeper.id, faultyKeeper],
    ]),
    made,
    arm: () => {
      armed = true
    },
    happened: () => calls >= nth,
  }
}
