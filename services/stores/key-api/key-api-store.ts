import type { Preset } from '../../../schemas/preset.ts'
import type { KeyApiStoreConfig } from '../../../schemas/store-key-api.ts'
import type { Credential, Lane, StepResult, Store } from '../../pipeline/ports.ts'
import { type BudgetLimits, storeBudget } from '../budget.ts'
import type { DoorAnswer } from '../door.ts'
import { httpTransport } from '../http-transport.ts'
import { meteredCalls } from '../metered.ts'
import { stepEach } from '../step-each.ts'
import type { StoreParts } from '../store-parts.ts'
import { fillText, type Names } from '../template.ts'
import { deathsPerSecond, keyBudget } from './call-budget.ts'
import { getStatus } from './get-status.ts'
import { issueKey } from './issue-key.ts'
import { issueName } from './issue-name.ts'
import { type KeyDoor, keyDoor } from './key-door.ts'
import { probeKey } from './key-probe.ts'
import { knownKey, sealedAway } from './known-key.ts'
import { listStatus } from './list-status.ts'
import { loadPreset } from './load-preset.ts'
import { openProduct, type Product } from './product.ts'
import { fitter, type ProductCall, type ProductReply, problemOf, productCall } from './product-call.ts'
import { productSession } from './product-session.ts'
import type { Status } from './verdict.ts'
import { withSession } from './with-session.ts'

/** A long list is one answer. */
const mostAnswerBytes = 4 * 1024 * 1024

/** Keys of a product that a preset describes. The preset says what answers mean; what is believed of them is decided here. */
export const keyApiStore = (config: KeyApiStoreConfig, parts: StoreParts): Store => {
  const preset = loadPreset(config)
  const product = openProduct(config, preset)
  const limits = keyBudget(preset, config)
  const { id, timeoutMs, caFile } = config
  const { origin } = new URL(config.address)
  const transport = httpTransport({ origin, caFile, timeoutMs, connections: 8, mostAnswerBytes })
  const meteredAs = (store: string) => meteredCalls(id, budgetOf(parts, store, limits, timeoutMs), parts.onCall)
  const metered = meteredAs(id)
  const call = authorized(product, productCall({ product, transport, metered }), parts)
  const status = statusOf(preset, call)
  // A door on another host has pauses and silences of its own.
  const door = keyDoor(config, preset, doorUrl =>
    new URL(doorUrl).origin === origin ? metered : meteredAs(`${id}/door`),
  )
  const known = knownKey(preset, parts, id)
  const issue = preset.issue && issueKey({ preset, issue: preset.issue, call, own: product.names })
  const { actsAs } = product
  return {
    id,
    role: 'issuer',
    propagationMs: config.propagationMs ?? preset.windowSeconds * 1_000,
    deathsPerSecond: deathsPerSecond(preset, limits),
    survives: () => [...preset.survives, ...config.survives],
    impossible: known.impossible,
    probe: async (credential, lane) => {
      const all = known.namesOf(credential, door !== undefined)
      if ('problem' in all) return { state: 'unknown', ...all }
      const { names: shown, values } = all
      const tryDoor = door && values.length > 0 ? (lane: Lane) => useAll(door.use, values, lane) : undefined
      const ask = status && ((one: Credential, lane: Lane) => worst(shown, names => status.of(one, names, lane)))
      return probeKey({ status: ask, absent: preset.status?.absent ?? 'unknown', tryDoor, actsAs }, credential, lane)
    },
    revoke: async (credential, lane) => {
      const all = known.namesOf(credential, false)
      if ('problem' in all) return { state: 'failed', ...all }
      const { request, budget } = preset.revoke
      return stepEach(all.names, async names =>
        stepOf(preset, await call({ operation: 'revoke', request, budget, lane, names })),
      )
    },
    ...(door === undefined ? {} : { use: door.use }),
    ...(issue === undefined ? {} : { issue: ({ name, lifeMs, lane }) => issue(name, lifeMs, lane) }),
    ...(status?.named === undefined ? {} : { named: status.named }),
    close: async () => {
      await status?.close()
      await Promise.all([transport.close(), door?.close()])
    },
  }
}

const budgetOf = ({ redis, redisPrefix: prefix }: StoreParts, store: string, limits: BudgetLimits, timeoutMs: number) =>
  storeBudget({ redis, prefix, store, limits, leaseMs: 2 * timeoutMs + 1_000, waitMs: 50 })

/** Alive where one of its values is, and dead only where none is: a key that was rolled in place has two. */
const worst = async (all: Names[], ask: (names: Names) => Promise<Status>): Promise<Status> => {
  const found: Status[] = []
  for (const names of all) found.push(await ask(names))
  const order = ['alive', 'unknown', 'absent', 'dead'] as const
  const [first = { state: 'unknown', problem: sealedAway }] = order.flatMap(state =>
    found.filter(one => one.state === state),
  )
  return first
}
const useAll = async (use: KeyDoor['use'], values: string[], lane: Lane): Promise<DoorAnswer> => {
  const answers: DoorAnswer[] = []
  for (const value of values) answers.push(await use(value, lane))
  return (
    answers.find(one => one.state === 'accepted') ??
    answers.find(one => one.state === 'unknown') ?? { state: 'refused' }
  )
}

const authorized = ({ id: store, preset, scope }: Product, call: ProductCall, parts: StoreParts): ProductCall => {
  const { login } = preset
  if (!login) return call
  const { redis, redisPrefix: prefix, sealing } = parts
  return withSession(call, productSession({ store, preset, login, call, redis, prefix, sealing, scope }), preset)
}

const statusOf = (preset: Preset, call: ProductCall) => {
  const { status } = preset
  if (status?.get) {
    const ask = getStatus({ preset, getting: status.get, budget: status.budget, call })
    const of = (_: Credential, names: Names, lane: Lane) => ask(names, lane)
    return { of, named: undefined, close: () => Promise.resolve() }
  }
  if (!status?.list) return undefined
  const { list: listing, budget } = status
  const list = listStatus({ preset, listing, budget, call })
  return {
    of: ({ notBefore = Date.now() }: Credential, names: Names, lane: Lane) =>
      list.of(fillText(listing.matches, names) ?? '', names, notBefore, lane),
    named:
      listing.name === undefined
        ? undefined
        : (name: string) => list.named(preset.issue ? issueName(name, preset.issue.name.atMost) : name, 'kill'),
    close: list.close,
  }
}

/** Every answer is only a claim, "done before" and "no such key" as well: products say both of living keys. */
const stepOf = (preset: Preset, reply: ProductReply): StepResult => {
  const { done, queued, already, absent, request } = preset.revoke
  const fits = fitter(preset)
  if (fits(done, reply)) return { state: 'claimed' }
  if (fits(queued, reply)) return { state: 'queued' }
  if (fits([...already, ...absent], reply)) return { state: 'claimed' }
  return { state: 'failed', problem: problemOf(reply, request) }
}
