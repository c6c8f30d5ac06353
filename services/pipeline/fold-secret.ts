import type { FactOf } from '../../schemas/facts.ts'
import { credentialHash, type Merge, secretHash, stamp } from './merges.ts'

export type SecretFact = FactOf<
  'rotation.requested' | 'rotation.locked' | 'rotation.step' | 'rotation.ended' | 'version.held' | 'version.superseded'
>

const four = (attempt: number) => String(attempt).padStart(4, '0')

/** What a fact of a registered secret adds: to the secret's own hash, and to that of the version's credential. */
export const secretMerges = (fact: SecretFact, offset: number): Merge[] => {
  const key = secretHash(fact.secret)
  const first = (field: string, at: number, text = ''): Merge => ['min', key, field, stamp(at, text)]
  switch (fact.kind) {
    case 'rotation.requested': {
      const { cause, compromised, version, reason } = fact
      return [first(`q:${fact.rotation}`, fact.at, JSON.stringify({ cause, compromised, version, reason }))]
    }
    // The lowest offset wins: whoever was first in the log, however often it is read.
    case 'rotation.locked':
      return [first(`l:${fact.rotation}:${four(fact.attempt)}`, offset, fact.holder)]
    case 'rotation.step': {
      const { cid, keeperVersion, reason, handle } = fact
      return [
        ...promotedMerges(fact),
        first(
          `s:${fact.rotation}:${four(fact.attempt)}:${fact.step}`,
          fact.at,
          JSON.stringify({ cid, keeperVersion, reason, handle }),
        ),
      ]
    }
    case 'rotation.ended': {
      const { result, reason, retired } = fact
      return [first(`e:${fact.rotation}`, fact.at, JSON.stringify({ result, reason, retired }))]
    }
    case 'version.held':
      return heldMerges(fact)
    case 'version.superseded':
      return [
        first(`d:${fact.cid}`, fact.at, `${fact.cause}|${fact.rotation}`),
        ['min', credentialHash(fact.cid), `x:${fact.secret}`, stamp(fact.at, fact.cause)],
        ['touch', fact.cid],
      ]
  }
}

/** Only with its promotion a version has the keeper's final name. */
const promotedMerges = ({ step, cid, secret, keeperVersion }: FactOf<'rotation.step'>): Merge[] =>
  step !== 'promoted' || cid === undefined || keeperVersion === undefined
    ? []
    : [['min', credentialHash(cid), `n:${secret}`, stamp(0, keeperVersion)]]

const heldMerges = (fact: FactOf<'version.held'>): Merge[] => {
  const key = credentialHash(fact.cid)
  const { rotation, store, handle, keeperVersion } = fact
  const merges: Merge[] = [
    [
      'min',
      secretHash(fact.secret),
      `v:${fact.cid}`,
      stamp(fact.at, JSON.stringify({ rotation, store, handle, keeperVersion, fingerprint: fact.fingerprints[0] })),
    ],
    ['add', 'secrets', fact.secret],
    ['add', 'credentials', fact.cid],
    ['min', key, 'store', stamp(0, fact.store)],
    ['min', key, 'kind', stamp(0, fact.credentialKind)],
    ['min', key, 'handle', stamp(0, fact.handle)],
    ['min', key, `h:${fact.secret}`, stamp(fact.at, fact.tenant)],
    ...(keeperVersion === undefined || rotation !== undefined
      ? []
      : ([['min', key, `n:${fact.secret}`, stamp(0, keeperVersion)]] as Merge[])),
  ]
  if (fact.target !== undefined) merges.push(['min', key, 'target', stamp(0, fact.target)])
  if (fact.valueSealed) merges.push(['min', key, 'valueSealed', stamp(0)])
  if (fact.expiresAt !== undefined) merges.push(['min', key, 'fixedExpiry', stamp(fact.expiresAt)])
  for (const fp of fact.fingerprints) merges.push(['join', fp, fact.cid])
  return [...merges, ['touch', fact.cid]]
}
