import { createPublicKey, type KeyObject } from 'node:crypto'
import { NotNow } from '../../../pipeline/errors.ts'

const leastMs = 60_000
const mostBytes = 256 * 1024
type KeyParts = { url: string; fetch: typeof fetch; now(): number }

/**
 * The public keys by id. An id that is not known makes one look at the published set, at most once a minute for all: forged
 * ids cannot use up GitHub's rate limit. Undefined: no such key. Throws NotNow while the set cannot be had.
 */
export const githubKeys = ({ url, fetch, now }: KeyParts) => {
  let keys: ReadonlyMap<string, KeyObject> = new Map()
  let etag: string | undefined
  let lookedAt = Number.NEGATIVE_INFINITY
  let looking: Promise<void> | undefined

  const look = async () => {
    const answer = await fetch(url, {
      headers: {
        accept: 'application/json',
        connection: 'close',
        ...(etag === undefined ? {} : { 'if-none-match': etag }),
      },
      signal: AbortSignal.timeout(5_000),
      redirect: 'error',
    })
    const text = await answer.text()
    if (answer.status !== 304) {
      if (!answer.ok || text.length > mostBytes) throw new NotNow(`the key set answered ${answer.status}`)
      keys = keysOf(JSON.parse(text))
      etag = answer.headers.get('etag') ?? undefined
    }
    lookedAt = now()
  }
  const lookOnce = () => {
    looking ??= look()
      .catch(error => {
        throw error instanceof NotNow ? error : new NotNow('the key set of the sender cannot be had')
      })
      .finally(() => {
        looking = undefined
      })
    return looking
  }

  return async (id: string): Promise<KeyObject | undefined> => {
    if (!keys.has(id) && now() - lookedAt >= leastMs) await lookOnce()
    return keys.get(id)
  }
}

const keysOf = (json: unknown): Map<string, KeyObject> => {
  const { public_keys: listed } = (json ?? {}) as { public_keys?: unknown }
  if (!Array.isArray(listed)) throw new NotNow('the key set has no public_keys')
  return new Map(
    listed.flatMap(one => {
      const { key_identifier: id, key } = (one ?? {}) as Record<string, unknown>
      const parsed = typeof key === 'string' ? p256Key(key) : undefined
      return typeof id === 'string' && parsed ? [[id, parsed] as const] : []
    }),
  )
}

/** Any other kind of key is not of this scheme. */
const p256Key = (pem: string): KeyObject | undefined => {
  try {
    const key = createPublicKey(pem)
    return key.asymmetricKeyType === 'ec' && key.asymmetricKeyDetails?.namedCurve === 'prime256v1' ? key : undefined
  } catch {
    return undefined
  }
}
