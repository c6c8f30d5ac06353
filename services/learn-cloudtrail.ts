import type { Principal } from '../schemas/config.ts'
import type { Fact } from '../schemas/facts.ts'
import type { SecretConfig } from '../schemas/secrets.ts'
import type { AwsStoreConfig } from '../schemas/store-aws.ts'
import { factsOfEvent } from './intake/facts-of-event.ts'
import { learnedEvent, recordOfMessage } from './learn/audit-events.ts'
import { type CloudTrailRules, cloudTrailRules, type KnownVersion, readCloudTrail } from './learn/cloudtrail-record.ts'
import type { Learned } from './learn/learned.ts'
import { registeredAt } from './learn/registered-reads.ts'
import type { LearnedTopic } from './learn-topics.ts'
import { StartRefused } from './pipeline/errors.ts'
import type { SecretView } from './pipeline/rotation/secret-view.ts'
import { handlesOfRead } from './pipeline/rotation/version-at.ts'
import type { Parts } from './roles.ts'

type LearningParts = Pick<Parts, 'config' | 'edge' | 'ledger' | 'log'>

/** CloudTrail on a topic: what a lost record would have said is in no list of the store's, so none is asked for. */
export const cloudTrailTopics = (parts: LearningParts): LearnedTopic[] =>
  parts.config.stores.flatMap(store =>
    store.kind === 'aws-secrets-manager' && store.learn ? [cloudTrailTopic(parts, store, store.learn)] : [],
  )

const cloudTrailTopic = (
  { config, edge, ledger, log }: LearningParts,
  store: AwsStoreConfig,
  learn: NonNullable<AwsStoreConfig['learn']>,
): LearnedTopic => {
  const principal = config.principals.find(one => one.id === learn.principal)
  if (!principal) throw new StartRefused(`no principal "${learn.principal}" for what is learned at ${store.id}`)
  const registered = registeredAt(config, store, principal.tenant)
  for (const secret of registered) requireRight(principal, secret, store.id)
  const rules = cloudTrailRules(store, learn, registered)
  const views = async (secret: SecretConfig): Promise<SecretView | undefined> => {
    try {
      const { ready } = await ledger.projection.marks()
      return ready ? await ledger.projection.secret(secret.id) : undefined
    } catch (error) {
      // Never a dead letter: the grant then names the moment of its reading instead.
      log({ msg: 'a version is looked up later', secret: secret.id, error: String(error) })
      return undefined
    }
  }
  const factsOf: LearnedTopic['factsOf'] = async (body, receivedAt) => {
    const facts: Fact[] = []
    for (const said of readCloudTrail(rules, recordOfMessage(body)))
      for (const [at, one] of await grantsOf(rules, said, receivedAt, views)) {
        const event = learnedEvent(at, one, receivedAt)
        facts.push(...(await factsOfEvent({ config, edge }, event.raw, principal, event.at)))
      }
    return facts
  }
  return { topic: learn.topic, principal, factsOf, onRejected: () => undefined }
}

/** A version belongs to the store that keeps it, which may be another instance than the one that learns. */
const grantsOf = async (
  rules: CloudTrailRules,
  said: Learned | KnownVersion,
  receivedAt: number,
  views: (secret: SecretConfig) => Promise<SecretView | undefined>,
): Promise<[CloudTrailRules, Learned][]> => {
  if (said.says !== 'knows') return [[rules, said]]
  const { secret, version, ...who } = said
  const moment = Math.min(who.at ?? receivedAt, receivedAt)
  const handles = handlesOfRead(secret, 'id' in version ? undefined : await views(secret), version, moment)
  const grant = { kind: 'aws.secret-version', fingerprints: [], renewable: true } as const
  return handles.map(handle => [
    { ...rules, store: secret.keeper.store },
    { ...who, says: 'granted', ...grant, handle },
  ])
}

const requireRight = ({ id, may }: Principal, secret: SecretConfig, store: string) => {
  if (!may.grant.includes(secret.keeper.store))
    throw new StartRefused(
      `stores.${store}.learn.principal: "${id}" may not grant at ${secret.keeper.store}, which keeps ${secret.id}`,
    )
}
