import { randomBytes } from 'node:crypto'
import { setTimeout } from 'node:timers/promises'
import type { SecretConfig } from '../../schemas/secrets.ts'
import type { CrashPoint } from '../../services/pipeline/crash-points.ts'
import type { FactEntry } from '../../services/pipeline/fact-key.ts'
import { firstProbe } from '../../services/pipeline/first-probe.ts'
import { mergesOf } from '../../services/pipeline/fold.ts'
import { randomId, rotationId } from '../../services/pipeline/ids.ts'
import { applyMerge, emptyState, type MemoryState } from '../../services/pipeline/memory-state.ts'
import { credentialHash, sealedHash, secretHash } from '../../services/pipeline/merges.ts'
import type { Sealing, Store, WorkNote } from '../../services/pipeline/ports.ts'
import { revoke } from '../../services/pipeline/revoke.ts'
import type { RotationParts } from '../../services/pipeline/rotation/ports.ts'
import { rotate } from '../../services/pipeline/rotation/rotate.ts'
import { secretView } from '../../services/pipeline/rotation/secret-view.ts'
import { credentialView } from '../../services/pipeline/view.ts'

/** A process was killed: nothing after this line runs in it. */
export class Killed extends Error {}

type Options = {
  secret: SecretConfig
  stores: ReadonlyMap<string, Store>
  sealing: Pick<Sealing, 'seal'>
  crashPoint?: (point: CrashPoint) => void
  recheckMs?: number
}

/** The rotation and the revocation over real stores, with the facts in memory: appended facts are folded at once. */
export const rotationWork = ({
  secret,
  stores,
  sealing,
  crashPoint = () => undefined,
  recheckMs = 300_000,
}: Options) => {
  const state = emptyState()
  const notes = new Map<string, WorkNote>()
  const log: FactEntry[] = []
  const append = (facts: FactEntry[]) => {
    for (const fact of facts) {
      for (const merge of mergesOf(fact, log.length)) applyMerge(state, merge)
      log.push(fact)
    }
    return Promise.resolve()
  }
  const process = (): RotationParts => ({
    now: Date.now,
    projection: {
      load: cid => Promise.resolve(loadFrom(state, cid)),
      marks: () => {
        const now = Date.now()
        return Promise.resolve({ ready: true, grantsRead: now, lifecycleRead: now, expiryHoldMs: 0, holdFrom: 0 })
      },
      note: cid => Promise.resolve(notes.get(cid)),
      saveNote: (cid, note) => Promise.resolve(void notes.set(cid, structuredClone(note))),
      admit: () => Promise.resolve(true),
      secret: id => Promise.resolve(secretView(id, state.hashes.get(secretHash(id)) ?? new Map())),
    },
    facts: { append },
    stores,
    secrets: new Map([[secret.id, secret]]),
    boundMs: 30_000,
    rotationBoundMs: 60_000,
    recheckMs,
    observe: () => undefined,
    crashPoint,
    holder: randomId(),
    fingerprint: value => `p1:${Buffer.from(value).toString('hex').padEnd(64, '0').slice(0, 64)}`,
    seal: sealing.seal,
    tellConsumers: () => Promise.resolve({}),
    random: () => randomBytes(32).toString('base64url'),
    pause: ms => setTimeout(Math.min(ms, 50)),
    observeRotation: () => undefined,
  })
  let parts = process()
  const view = () => secretView(secret.id, state.hashes.get(secretHash(secret.id)) ?? new Map())
  return {
    log,
    append,
    view,
    parts: () => parts,
    /** Another process, with nothing in its memory. */
    restart: () => {
      parts = process()
    },
    another: process,
    request: (trigger: string, compromised = false) => {
      const rotation = rotationId(secret.id, trigger)
      const cause = 'on_demand' as const
      void append([
        {
          v: 1,
          kind: 'rotation.requested',
          at: Date.now(),
          event: trigger,
          by: 'test',
          secret: secret.id,
          rotation,
          cause,
          compromised,
        },
      ])
      return rotation
    },
    /** One look at everything that may be due: the rotation, and each version of the secret. */
    turn: async (as = parts) => {
      const ran = await rotate(as, secret.id)
      for (const { cid } of view().versions) {
        const known = loadFrom(state, cid)
        if (known && known.seenAt === undefined && !known.receipt) await firstProbe(as, cid)
        if (!known?.receipt) await revoke(as, cid, 'kill')
      }
      return ran
    },
    receiptOf: (cid: string) => loadFrom(state, cid)?.receipt,
  }
}
export type RotationWork = ReturnType<typeof rotationWork>

const loadFrom = (state: MemoryState, cid: string) =>
  credentialView(cid, state.hashes.get(credentialHash(cid)) ?? new Map(), new Map(), state.hashes.get(sealedHash(cid)))
