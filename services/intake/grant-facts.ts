import type { EventData } from '../../schemas/events.ts'
import type { Fact } from '../../schemas/facts.ts'
import { keeperKinds, kindsOfStore, type StoreKind, valueKinds } from '../../schemas/grant.ts'
import { RejectedEvent } from '../pipeline/errors.ts'
import { credentialId, grantId, sessionKey } from '../pipeline/ids.ts'
import { inOrder } from './labels-in-order.ts'
import { lifeLimits, moment } from './life-limits.ts'
import type { FactBase, Translation } from './translation.ts'

type Data = EventData<'curfew.credential.granted'>
type Named = Pick<Data, 'store' | 'kind' | 'handle' | 'target'>

/** The grant, a keeper's inside as a grant of its own, and the values that a store must be shown, sealed. */
export const grantFacts = async (context: Translation, base: FactBase): Promise<Fact[]> => {
  const data = context.event.data as Data
  const { edge, config } = context
  const [value, insideValue, ...opened] = await Promise.all([
    open(context, data.value),
    open(context, data.inside?.value),
    ...(data.sealed ?? []).map(edge.open),
  ])
  const values = [value, insideValue, ...opened].filter(one => one !== undefined)
  // A leak of the whole or of a part ends both: what a keeper's secret holds can be read from it.
  const fingerprints = [...new Set([...(data.fingerprints ?? []), ...values.map(edge.fingerprint)])].sort()
  const grant = (named: Named, more: Partial<Extract<Fact, { kind: 'granted' }>>) =>
    granted(context, base, named, { fingerprints, ...more })
  const { inside } = data
  if (inside) requireKeeper(config, data, inside)
  const insideCid = inside && credentialId(inside.store, inside.handle)
  const kept = isKept(config, data.store) ? value : undefined
  const insideKept = inside && isKept(config, inside.store) ? insideValue : undefined
  return [
    grant(data, {
      ...(kept === undefined ? {} : { valueSealed: true }),
      ...(insideCid === undefined ? {} : { inside: insideCid }),
      ...(data.replaces === undefined ? {} : { replaces: credentialId(data.store, data.replaces) }),
    }),
    ...(inside ? [grant(inside, insideKept === undefined ? {} : { valueSealed: true })] : []),
    ...sealed(context, base, data, kept),
    ...(inside ? sealed(context, base, inside, insideKept) : []),
  ]
}

const open = ({ edge }: Translation, jwe: string | undefined) =>
  jwe === undefined ? Promise.resolve(undefined) : edge.open(jwe)

const sealed = ({ edge }: Translation, base: FactBase, named: Named, value: string | undefined): Fact[] => {
  if (value === undefined) return []
  const cid = credentialId(named.store, named.handle)
  return [{ ...base, kind: 'sealed', cid, ...edge.seal(cid, value) }]
}

const granted = (
  { config, principal, event }: Translation,
  base: FactBase,
  { store, kind, handle, target }: Named,
  more: Partial<Extract<Fact, { kind: 'granted' }>>,
): Fact => {
  const { session, task, expiresAt, renewable, sessionStart, labels } = event.data as Data
  requireKindOf(config.stores.find(one => one.id === store)?.kind, store, kind)
  const sid = sessionKey(principal.tenant, session)
  return {
    ...base,
    kind: 'granted',
    sid,
    tenant: principal.tenant,
    session,
    gid: grantId(store, handle, sid),
    cid: credentialId(store, handle),
    ...(task === undefined ? {} : { task }),
    store,
    credentialKind: kind,
    handle,
    ...(target === undefined ? {} : { target }),
    ...inOrder(labels),
    fingerprints: [],
    ...(expiresAt === undefined ? {} : { expiresAt: moment(expiresAt) }),
    renewable,
    graceUntil: base.at + config.session.graceMs,
    maxLifeMs: config.session.maxLifeMs,
    ...(sessionStart === undefined ? {} : { start: lifeLimits(config, sessionStart) }),
    ...more,
  }
}

/** What no store ever asks for is fingerprinted and forgotten. */
const isKept = ({ stores }: Translation['config'], store: string) =>
  valueKinds.includes(stores.find(one => one.id === store)?.kind ?? '')

const isKeeper = (kind: StoreKind | undefined) => kind !== undefined && keeperKinds.includes(kind)

/** Only a keeper has an inside, and what is inside must be honoured elsewhere: its death there is the keeper's proof. */
const requireKeeper = ({ stores }: Translation['config'], { store }: Named, inside: Named) => {
  const kindOf = (id: string) => stores.find(one => one.id === id)?.kind
  if (!isKeeper(kindOf(store))) throw new RejectedEvent('invalid_data', `store "${store}" keeps nothing inside`)
  if (isKeeper(kindOf(inside.store)))
    throw new RejectedEvent('invalid_data', `"${inside.store}" is a keeper: name the store that honours what is inside`)
}

const requireKindOf = (storeKind: keyof typeof kindsOfStore | undefined, store: string, kind: string) => {
  if (storeKind === undefined || (kindsOfStore[storeKind] as readonly string[]).includes(kind)) return
  const known = kindsOfStore[storeKind].join(', ')
  throw new RejectedEvent('invalid_data', `store "${store}" has no credentials of kind ${kind}; it has ${known}`)
}
