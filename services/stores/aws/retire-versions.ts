import type { SecretConfig } from '../../../schemas/secrets.ts'
import type { Keeper } from '../../pipeline/keeper-port.ts'
import { currentOf, pendingOf } from './labels.ts'
import type { KeptSecretState, SecretCalls } from './secret-calls.ts'

/**
 * Takes every label from every version but the kept one and the current one. A version without labels is read by nobody by name; by its id
 * it stays readable until AWS prunes it: that its credential is refused by its issuer is what makes it harmless.
 */
export const retireVersions = async (
  calls: SecretCalls,
  { keeper }: SecretConfig,
  keep: string,
): ReturnType<Keeper['retire']> => {
  const before = await calls.describe(keeper.name)
  if ('problem' in before) return before
  const old = oldLabels(before, keep)
  const left = pendingOf(before.labels).includes(keep) ? [{ version: keep, label: 'AWSPENDING' }] : []
  for (const { version, label } of [...old, ...left]) {
    const taken = await calls.label(before, label, { from: version })
    if ('problem' in taken) return taken
  }
  const after = await calls.describe(keeper.name)
  if ('problem' in after) return after
  if (oldLabels(after, keep).length > 0)
    return { problem: { code: 'backend', detail: 'an old version of the secret still has a label after its removal' } }
  return { retired: [...new Set(old.map(one => one.version))] }
}

const oldLabels = ({ labels }: KeptSecretState, keep: string) => {
  const current = currentOf(labels)
  return [...labels].flatMap(([version, all]) =>
    version === keep || version === current ? [] : all.map(label => ({ version, label })),
  )
}
