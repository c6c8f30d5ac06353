import type { Preset } from '../../../schemas/preset.ts'
import type { KeyApiStoreConfig } from '../../../schemas/store-key-api.ts'
import { credentialId } from '../../pipeline/ids.ts'
import type { Credential, Lane, StepResult, Store } from '../../pipeline/ports.ts'
import { storeBudget } from '../budget.ts'
import { httpTransport } from '../http-transport.ts'
import { meteredCalls } from '../metered.ts'
import type { StoreParts } from '../store-parts.ts'
import { deathsPerSecond, keyBudget } from './call-budget.ts'
import { getStatus } from './get-status.ts'
import { handleShape } from './handle-shape.ts'
import { issueKey } from './issue-key.ts'
import { keyDoor } from './key-door.ts'
import { probeKey } from './key-probe.ts'
import { listStatus } from './list-status.ts'
import { loadPreset } from './load-preset.ts'
import { openProduct } from './product.ts'
import { fitter, type ProductCall, type ProductReply, problemOf, productCall } from './product-call.ts'
import { productSession } from './product-session.ts'
import { fillText, type Names, namesIn } from './template.ts'
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
  const connections = { origin, caFile, timeoutMs, connections: 8, mostAnswerBytes }
  const transport = httpTransport(connections)
  const { redis, redisPrefix: prefix } = parts
  const budget = storeBudget({ redis, prefix, store: id, limits, leaseMs: 2 * timeoutMs + 1_000 })
  const metered = meteredCalls(id, budget, parts.onCall)
  const call = authorized(preset, productCall({ product, transport, metered }), id, parts)
  const status = statusOf(preset, call)
  const door = keyDoor(config, preset, metered)
  const shape = handleShape(preset)
  const needsValue = namesIn([preset.revoke.request, preset.status?.get?.request]).includes('value')
  const opened = (credential: Credential) => openValue(parts, id, credential)
  const namesOf = (credential: Credential): Names => {
    const known = { ...shape(credential.handle), target: credential.target, value: opened(credential) }
    return name => known[name as keyof typeof known]
  }
  const issue = preset.issue && issueKey({ preset, issue: preset.issue, call, own: product.names })
  return {
    id,
    role: 'issuer',
    propagationMs: config.propagationMs ?? preset.windowSeconds * 1_000,
    deathsPerSecond: deathsPerSecond(preset, limits),
    survives: () => [...preset.survives, ...config.survives],
    impossible: ({ handle, sealed = [], valueSealed }) => {
      if (!shape(handle)) return `the handle is not ${preset.handle.is}`
      const without = needsValue && sealed.length === 0 && !valueSealed
      return without ? 'this product must be shown the key: the grant brought no sealed `value`' : undefined
    },
    probe: async (credential, lane) => {
      if (needsValue && opened(credential) === undefined) return { state: 'unknown', problem: sealedAway }
      const value = opened(credential)
      const tryDoor = door && value !== undefined ? (lane: Lane) => door.use(value, lane) : undefined
      const ask = status && ((one: Credential, lane: Lane) => status.of(one, namesOf(one), lane))
      const { actsAs } = product
      return probeKey({ status: ask, absent: preset.status?.absent ?? 'unknown', tryDoor, actsAs }, credential, lane)
    },
    revoke: async (credential, lane) => {
      if (needsValue && opened(credential) === undefined) return { state: 'failed', problem: sealedAway }
      const { request, budget } = preset.revoke
      const reply = await call({ operation: 'revoke', request, budget, lane, names: namesOf(credential) })
      return stepOf(preset, reply)
    },
    ...(door === undefined ? {} : { use: door.use }),
    ...(issue === undefined ? {} : { issue: ({ name, lifeMs }) => issue(name, lifeMs) }),
    ...(status?.named === undefined ? {} : { named: status.named }),
    close: async () => {
      await status?.close()
      await Promise.all([transport.close(), door?.close()])
    },
  }
}

const sealedAway = {
  code: 'protocol',
  detail: 'the sealed key is not known yet, or its sealing key is not in the ring',
} as const

const openValue = ({ sealing }: StoreParts, store: string, { handle, sealed = [] }: Credential): string | undefined => {
  const cid = credentialId(store, handle)
  return sealed.map(blob => sealing.open(cid, blob)).find(value => value !== undefined)
}

const authorized = (preset: Preset, call: ProductCall, store: string, parts: StoreParts): ProductCall => {
  const { login } = preset
  if (!login) return call
  const { redis, redisPrefix: prefix, sealing } = parts
  return withSession(call, productSession({ store, preset, login, call, redis, prefix, sealing }), preset)
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
    named: listing.name === undefined ? undefined : (name: string) => list.named(name, 'kill'),
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
