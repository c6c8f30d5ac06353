import { setTimeout as sleep } from 'node:timers/promises'
import type { Cause } from '../../schemas/grant.ts'
import type { OutcomeKind } from '../../schemas/receipt.ts'
import { waitUntil } from '../stack/wait-until.ts'
import type { Emitter } from './emitter.ts'
import type { SampleCredential, SampleIssuer } from './issuer.ts'
import type { OtherStores } from './other-stores.ts'
import type { Prober, Watched } from './prober.ts'
import type { Seal } from './seal.ts'

export type SampleWorld = {
  issuer: SampleIssuer
  others: OtherStores
  emitter: Emitter
  prober: Prober
  seal: Seal
  store: string
}
export type Expected = { outcome: OutcomeKind; cause: Cause }
export type SampleKind =
  | 'token'
  | 'db login'
  | 'secret id'
  | 'batch token'
  | 'oauth token'
  | 'mcp key'
  | 'aws secret'
  | 'jwt'
  | 'shared'
  | 'env key'
  | 'notes key'
  | 'search key'
/** One credential in an agent's hand. Times are epoch ms. */
export type Holding = {
  name: string
  kind: SampleKind
  session: string
  store: string
  credential: SampleCredential
  watched: Watched
  expected: Expected
  /** When its cause came about, by the sample world's own clock. */
  dueAt?: number
}
type Limits = { maxLifeMs?: number; idleMs?: number }
type GrantExtra = { task?: string; expiresAt?: string; renewable?: boolean }

/** What an agent's platform can do in one session: the words that the scenarios are written in. */
export type Stage = {
  /** Issued and used by its holder; Curfew was not told yet. */
  issue(...kinds: SampleKind[]): Promise<Holding[]>
  start(limits?: Limits): Promise<unknown>
  grant(holdings: Holding[], extra?: GrantExtra): Promise<unknown>
  finishTask(task: string, result: 'completed' | 'failed' | 'cancelled'): Promise<unknown>
  end(): Promise<unknown>
  /** A scanner found the values somewhere and sends them, sealed. */
  leak(holdings: Holding[]): Promise<unknown>
  pause(ms: number): Promise<unknown>
  /** Throws if a credential is refused before `at`. */
  staysOpenUntil(at: number, holdings: Holding[]): Promise<unknown>
  /** From now on, or from `at` on, none of these should open anything. */
  due(holdings: Holding[], at?: number): void
}

export const openStage = (
  world: SampleWorld,
  session: string,
  expected: Expected,
  onIssued: (holding: Holding) => void,
  signal: AbortSignal,
): Stage => {
  const { emitter, seal, store } = world
  const issue = async (kind: SampleKind): Promise<Holding> => {
    const credential = await issued(world, kind, session)
    const name = `${kind} ${session}`
    const watched = world.prober.watch(name, credential)
    const holding: Holding = {
      name,
      kind,
      session,
      store: credential.grant.store ?? store,
      credential,
      watched,
      expected,
    }
    onIssued(holding)
    await waitUntil(`${name} to be accepted`, 15_000, async () => requireSeen(watched.acceptedFirst), 20, signal)
    return holding
  }
  const grantOne = async ({ credential }: Holding, extra: GrantExtra) => {
    const sealed = await Promise.all(credential.values.map(seal))
    // What the store must be shown is sealed for it; the rest is only fingerprinted.
    const value = credential.shown === undefined ? {} : { value: await seal(credential.shown) }
    await emitter.emit('curfew.credential.granted', { session, store, ...credential.grant, sealed, ...value, ...extra })
  }
  const leakOne = async (value: string) =>
    emitter.emit('curfew.leak.detected', { sealed: await seal(value), source: 'sample repository' })
  return {
    issue: (...kinds) => Promise.all(kinds.map(issue)),
    start: limits => emitter.emit('curfew.session.started', { session, agent: 'sample-agent', ...limits }),
    grant: (holdings, extra = {}) => Promise.all(holdings.map(one => grantOne(one, extra))),
    finishTask: (task, result) => emitter.emit('curfew.task.finished', { session, task, result }),
    end: () => emitter.emit('curfew.session.ended', { session }),
    leak: holdings => Promise.all(holdings.flatMap(one => one.credential.values).map(leakOne)),
    pause: ms => sleep(ms, undefined, { signal }),
    staysOpenUntil: (at, holdings) => Promise.all(holdings.map(one => staysOpenUntil(at, one, signal))),
    due: (holdings, at = Date.now()) => {
      for (const holding of holdings) holding.dueAt = at
    },
  }
}

const issued = async (
  { issuer, others }: SampleWorld,
  kind: SampleKind,
  session: string,
): Promise<SampleCredential> => {
  switch (kind) {
    case 'oauth token':
      return others.oauthToken()
    case 'mcp key':
      return others.mcpKey()
    case 'aws secret':
      return others.secret(session)
    case 'jwt':
      return others.jwt()
    case 'shared':
      return others.sharedVersion()
    case 'env key':
      return others.standingKey()
    case 'notes key':
      return others.registered('notes-key')
    case 'search key':
      return others.registered('search-key')
    case 'token':
      return issuer.token({ session })
    case 'db login':
      return issuer.databaseLogin()
    case 'secret id':
      return issuer.secretId()
    case 'batch token':
      return issuer.batchToken({ ttlSeconds: 120 })
  }
}

const requireSeen = (at: number | undefined): void => {
  if (at === undefined) throw new Error('not yet')
}

const staysOpenUntil = async (at: number, { name, watched }: Holding, signal: AbortSignal): Promise<void> => {
  const seen = async () => {
    if (watched.refusedFirst !== undefined) return false
    if ((watched.acceptedLast ?? 0) < at) throw new Error('not yet')
    return true
  }
  const open = await waitUntil(`${name} to stay open`, at - Date.now() + 15_000, seen, 50, signal)
  if (!open) throw new Error(`${name} was refused although nothing had ended`)
}
