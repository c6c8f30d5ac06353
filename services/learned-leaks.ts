import type { Edge } from './intake/fingerprints.ts'
import { auditKid, learningStores } from './learn/rules.ts'
import { openVaultLearning } from './open-learning.ts'
import type { Parts } from './roles.ts'
import type { Lifetime } from './runtime/lifetime.ts'

/** Asks every Vault that learns how its audit device writes a leaked value: so it finds a credential that we never held. */
export const askElsewhere = (
  parts: Pick<Parts, 'config' | 'redis' | 'log' | 'counters' | 'onCall'>,
  life: Pick<Lifetime, 'onClose'>,
): NonNullable<Edge['elsewhere']> => {
  const vaults = learningStores(parts.config).map(store => {
    const vault = openVaultLearning(parts, store)
    life.onClose(vault.close)
    return { id: store.id, kid: auditKid(store.id), hash: vault.hash }
  })
  return async value => {
    // As it was found, and as it is fingerprinted: without outer white space.
    const spellings = [...new Set([value, value.trim()])]
    const fingerprints: string[] = []
    const unavailable: string[] = []
    await Promise.all(
      vaults.map(async ({ id, kid, hash }) => {
        const answers = await Promise.all(spellings.map(hash))
        for (const answer of answers) if ('hex' in answer) fingerprints.push(`${kid}:${answer.hex}`)
        const problem = answers.find(answer => 'problem' in answer)?.problem
        if (!problem) return
        unavailable.push(id)
        parts.counters.add('curfew_audit_hash_unavailable_total', { store: id, code: problem.code })
      }),
    )
    return { fingerprints: fingerprints.sort(), unavailable: unavailable.sort() }
  }
}
