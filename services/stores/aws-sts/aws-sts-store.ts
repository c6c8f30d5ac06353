import type { AwsStsStoreConfig } from '../../../schemas/store-aws-sts.ts'
import type { Store } from '../../pipeline/ports.ts'
import { meteredCalls } from '../aws/metered.ts'
import { storeBudget } from '../budget.ts'
import type { StoreParts } from '../store-parts.ts'
import { containSession } from './contain-session.ts'
import { policyName } from './deny-policy.ts'
import { iamCalls, iamClient } from './iam-calls.ts'
import { endOf, type RoleSession, roleSession } from './role-session.ts'

const cannot = {
  state: 'impossible',
  reason: 'nobody can revoke a role session, or ask whether it is accepted',
} as const

/** Role sessions: AWS revokes none. Each is contained by itself, by its name and the moment of its issue, and never called dead. */
export const awsStsStore = (config: AwsStsStoreConfig, parts: StoreParts): Store => {
  const { id, timeoutMs, budget: limits, mostContained: most, issuedWithinMs: withinMs } = config
  const groups = { probe: limits, revoke: limits, write: limits, rotate: limits }
  const leaseMs = timeoutMs + 1_000
  const budget = storeBudget({ redis: parts.redis, prefix: parts.redisPrefix, store: id, limits: { groups }, leaseMs })
  const client = iamClient(config)
  const iam = iamCalls(meteredCalls({ store: id, budget, timeoutMs, onCall: parts.onCall }), client)
  return {
    id,
    role: 'issuer',
    propagationMs: 0,
    survives: () => [],
    impossible: ({ handle }) => whyNot(config, roleSession(handle)),
    probe: () => Promise.resolve(cannot),
    revoke: () => Promise.resolve(cannot),
    contain: async ({ handle }, { expiresAt, compromised, known }, lane) => {
      const session = roleSession(handle)
      if (!session) return cannot
      const until = endOf(session, expiresAt)
      const containing = { iam, handle, session, until, withinMs, most, lane, now: Date.now }
      return containSession(containing, { compromised, known })
    },
    release: async ({ handle }, lane) => {
      const session = roleSession(handle)
      return session ? iam.remove(session.role, policyName(handle), lane) : {}
    },
    close: async () => client.destroy(),
  }
}

const whyNot = ({ accountId, roles }: AwsStsStoreConfig, session: RoleSession | undefined): string | undefined => {
  if (!session) return 'the handle is not <assumed-role ARN>@<time of issue, for example 2026-11-29T20:00:05Z>'
  if (session.accountId !== accountId)
    return `the session is in account ${session.accountId}, this store is ${accountId}`
  return roles.includes(session.role) ? undefined : `the role ${session.role} is not one of this store's roles`
}
