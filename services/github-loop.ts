import type { GithubApiConfig, SenderOf } from '../schemas/inbox.ts'
import { credentialParts } from './intake/credential-parts.ts'
import { alertOfSource } from './intake/dialects/github-alert.ts'
import { githubApi } from './intake/dialects/github-api.ts'
import { leakFingerprints } from './intake/leak-fingerprints.ts'
import { credentialsOf } from './ledger/leak-matches.ts'
import { loadCredentials } from './ledger/load-credentials.ts'
import { NotNow } from './pipeline/errors.ts'
import { credentialHash, stampedText } from './pipeline/merges.ts'
import type { Parts } from './roles.ts'
import type { Attempt } from './signals/deliver.ts'
import type { TellSignal } from './signals/observe-signal.ts'
import { pushing, type Signal, type SignalParts } from './signals/signal.ts'

type Sender = SenderOf<'github-alert'>

/** The senders whose alerts are resolved, each behind its own switch. */
export const resolvingSenders = ({ config }: Pick<Parts, 'config'>): (Sender & { api: GithubApiConfig })[] =>
  config.inbox.senders.flatMap(sender =>
    sender.dialect === 'github-alert' && sender.api?.resolve ? [{ ...sender, api: sender.api }] : [],
  )

/**
 * Resolves an alert at GitHub after the death that it led to. Only where every credential that has the alert's value is verified
 * dead: GitHub is asked for the value again, it is fingerprinted and forgotten.
 */
export const openGithubLoop = (
  { id, api: config }: Sender & { api: GithubApiConfig },
  parts: Pick<Parts, 'redis' | 'config' | 'edge'>,
  shared: SignalParts,
  tell: TellSignal,
): Signal => {
  const api = githubApi(config, fetch)
  const name = `github-${id}`
  const attempt = async (credential: string): Promise<Attempt> => {
    const source = await leakSource(parts, credential)
    if (source === undefined) return { code: 'state_not_ready' }
    const place = alertOfSource(id, source)
    if (!place) return 'taken'
    const alert = await api.alert(place)
    if (!alert?.secret || alert.state === 'resolved') return 'taken'
    // The last of several deaths finds all of them.
    if (await everyOneVerified(parts, alert.secret)) await api.resolve(place)
    return 'taken'
  }
  const notNow = (error: unknown): Attempt => {
    if (error instanceof NotNow) return { code: 'github_not_now' }
    throw error
  }
  const delivery = { giveUpAfterMs: 3 * 86_400_000 }
  const handle = pushing({ ...shared, id: name, delivery, tell }, event => {
    if (event.type !== 'curfew.credential.revoked') return []
    const { outcome, cause, credential } = event.data
    if (outcome !== 'verified' || cause !== 'leaked') return []
    return [{ attempt: () => attempt(credential).catch(notNow) }]
  })
  return { id: name, chunk: 4, handle, tell, close: () => Promise.resolve() }
}

/** Where the first leak of it was told; undefined: the state does not know of the leak that killed it: it is being rebuilt. */
const leakSource = async ({ redis, config }: Pick<Parts, 'redis' | 'config'>, cid: string) => {
  const key = `${config.redis.prefix}:${credentialHash(cid)}`
  const [value, print] = await redis.hmget(key, 'leakedValue', 'leakedPrint')
  return value ? stampedText(value) : print ? '' : undefined
}

const everyOneVerified = async ({ redis, config, edge }: Pick<Parts, 'redis' | 'config' | 'edge'>, value: string) => {
  const { prefix } = config.redis
  const prints = await Promise.all(credentialParts(value).map(text => leakFingerprints({ edge }, text)))
  const cids = await credentialsOf({ redis, prefix }, prints.flat())
  const known = await loadCredentials(redis, prefix, cids)
  // One that is not known yet by its grant is not known to be dead.
  return known.length > 0 && known.length === cids.length && known.every(isVerified)
}

const isVerified = ({ view }: { view: { receipt?: { outcome: string } | undefined } }) =>
  view.receipt?.outcome === 'verified'
