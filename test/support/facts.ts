import type { Fact, FactOf } from '../../schemas/facts.ts'
import type { Receipt } from '../../schemas/receipt.ts'
import type { RotationResult, RotationStep } from '../../schemas/secrets.ts'
import { mergesOf } from '../../services/pipeline/fold.ts'
import { credentialId, grantId, receiptId, rotationId, sessionKey } from '../../services/pipeline/ids.ts'
import { applyMerge, emptyState, type MemoryState } from '../../services/pipeline/memory-state.ts'
import { credentialHash, sealedHash, sessionHash } from '../../services/pipeline/merges.ts'
import { type CredentialView, credentialView, sessionIdsOf } from '../../services/pipeline/view.ts'

const tenant = 'acme'
const store = 'vault-local'
const minute = 60_000
export const hour = 3_600_000
export const sid = (session: string) => sessionKey(tenant, session)
export const cid = (handle: string) => credentialId(store, handle)
export const rotationOf = (n: number) => rotationId('one', String(n))
let events = 0
const base = (at: number) => {
  events += 1
  return { v: 1 as const, at, event: `e${events}`, by: 'test' }
}

/** Of an end that a mapped webhook told. */
export const inferred = { inferred: true } as const
type InferredMark = { inferred?: true }

/** Facts with defaults, for tables and properties. Times are epoch ms. */
export const facts = {
  started: (session: string, at: number, limits: Partial<FactOf<'session.started'>> = {}): Fact => ({
    ...base(at),
    kind: 'session.started',
    sid: sid(session),
    tenant,
    session,
    maxLifeMs: 24 * hour,
    ...limits,
  }),
  active: (session: string, at: number): Fact => ({ ...base(at), kind: 'session.active', sid: sid(session) }),
  ended: (
    session: string,
    at: number,
    cause: 'session_ended' | 'forced' = 'session_ended',
    mark: InferredMark = {},
  ): Fact => ({
    ...base(at),
    kind: 'session.ended',
    sid: sid(session),
    cause,
    ...mark,
  }),
  taskEnded: (session: string, task: string, at: number, mark: InferredMark = {}): Fact => ({
    ...base(at),
    kind: 'task.ended',
    sid: sid(session),
    task,
    cause: 'task_finished',
    reason: 'completed',
    ...mark,
  }),
  granted: (session: string, handle: string, at: number, extra: Partial<FactOf<'granted'>> = {}): Fact => ({
    ...base(at),
    kind: 'granted',
    sid: sid(session),
    tenant,
    session,
    gid: grantId(store, handle, sid(session)),
    cid: cid(handle),
    store,
    credentialKind: 'vault.token',
    handle,
    fingerprints: [],
    renewable: true,
    graceUntil: at + minute,
    maxLifeMs: 24 * hour,
    ...extra,
  }),
  renewed: (handle: string, at: number, expiresAt: number): Fact => ({
    ...base(at),
    kind: 'renewed',
    cid: cid(handle),
    expiresAt,
  }),
  leaked: (fingerprint: string, at: number, withValue = true): Fact => ({
    ...base(at),
    kind: 'leaked',
    fingerprint,
    withValue,
  }),
  forced: (handle: string, at: number): Fact => ({ ...base(at), kind: 'forced', cid: cid(handle), reason: 'INC-1' }),
  seen: (handle: string, at: number, witness?: string): Fact => ({
    ...base(at),
    kind: 'seen',
    cid: cid(handle),
    ...(witness === undefined ? {} : { witness }),
  }),
  sealed: (handle: string, at: number, id: string): Fact => ({
    ...base(at),
    kind: 'sealed',
    cid: cid(handle),
    id,
    blob: `blob of ${id}`,
  }),
  relapsed: (handle: string, at: number, epoch: number): Fact => ({
    ...base(at),
    kind: 'relapsed',
    cid: cid(handle),
    epoch,
  }),
  held: (handle: string, at: number, extra: Partial<FactOf<'version.held'>> = {}): Fact => ({
    ...base(at),
    kind: 'version.held',
    cid: cid(handle),
    secret: 'one',
    tenant,
    store,
    credentialKind: 'vault.token',
    handle,
    fingerprints: [],
    ...extra,
  }),
  superseded: (handle: string, at: number, n = 1, cause: 'rotated' | 'rolled_back' = 'rotated'): Fact => ({
    ...base(at),
    kind: 'version.superseded',
    cid: cid(handle),
    secret: 'one',
    rotation: rotationOf(n),
    cause,
  }),
  requested: (n: number, at: number, extra: Partial<FactOf<'rotation.requested'>> = {}): Fact => ({
    ...base(at),
    kind: 'rotation.requested',
    secret: 'one',
    rotation: rotationOf(n),
    cause: 'on_demand',
    compromised: false,
    ...extra,
  }),
  locked: (n: number, attempt: number, holder: string): Fact => ({
    ...base(0),
    kind: 'rotation.locked',
    secret: 'one',
    rotation: rotationOf(n),
    attempt,
    holder,
  }),
  step: (n: number, at: number, step: RotationStep, extra: Partial<FactOf<'rotation.step'>> = {}): Fact => ({
    ...base(at),
    kind: 'rotation.step',
    secret: 'one',
    rotation: rotationOf(n),
    attempt: 1,
    step,
    ...extra,
  }),
  rotationEnded: (n: number, at: number, result: RotationResult = 'done'): Fact => ({
    ...base(at),
    kind: 'rotation.ended',
    secret: 'one',
    rotation: rotationOf(n),
    result,
  }),
  outcome: (handle: string, at: number, extra: Partial<Receipt> = {}): Fact => {
    const epoch = extra.epoch ?? 0
    const receipt: Receipt = {
      receipt: receiptId(cid(handle), epoch),
      credential: cid(handle),
      epoch,
      outcome: 'verified',
      store,
      kind: 'vault.token',
      handle,
      cause: 'session_ended',
      dueAt: at,
      settledAt: at,
      attempts: 1,
      grants: [],
      ...extra,
    }
    return { ...base(at), kind: 'outcome', cid: cid(handle), receipt }
  },
}
export const fingerprint = (name: string) => `p1:${Buffer.from(name).toString('hex').padEnd(64, '0').slice(0, 64)}`

export const folded = (all: Fact[]): MemoryState => {
  const state = emptyState()
  for (const fact of all) for (const merge of mergesOf(fact)) applyMerge(state, merge)
  return state
}

export const viewOf = (state: MemoryState, handle: string): CredentialView | undefined => {
  const hash = state.hashes.get(credentialHash(cid(handle))) ?? new Map()
  const sessions = sessionIdsOf(hash).map(id => [id, state.hashes.get(sessionHash(id)) ?? new Map()] as const)
  return credentialView(cid(handle), hash, new Map(sessions), state.hashes.get(sealedHash(cid(handle))))
}
