import { createHmac } from 'node:crypto'
import { compactDecrypt, importJWK, type JWK } from 'jose'
import { RejectedEvent } from '../pipeline/errors.ts'
import type { Sealing } from '../pipeline/ports.ts'

/** Key rings as loaded: every live key by its kid, and which one is current. */
export type KeyRings = {
  peppers: { current: string; keys: ReadonlyMap<string, Buffer> }
  intake: { current: string; keys: ReadonlyMap<string, JWK> }
}

/** The edge: values are opened, fingerprinted and forgotten here, and go nowhere else. */
export type Edge = {
  /** Under the current pepper: what a grant remembers. */
  fingerprint(value: string): string
  /** Under every live pepper: what a leak must match. */
  fingerprints(value: string): string[]
  /** What stores that only know a value's hash know it by, and the stores that cannot be asked now. */
  elsewhere?(value: string): Promise<{ fingerprints: string[]; unavailable: string[] }>
  /** For a store that must be shown the value: sealed for this credential. */
  seal: Sealing['seal']
  /** Opens a JWE to one of the intake keys. */
  open(jwe: string): Promise<string>
}

export const edge = (rings: KeyRings, sealing: Pick<Sealing, 'seal'>): Edge => {
  const under = (kid: string, pepper: Buffer, value: string) =>
    `${kid}:${createHmac('sha256', pepper).update(value.trim(), 'utf8').digest('hex')}`
  const current = rings.peppers.keys.get(rings.peppers.current)
  if (!current) throw new Error(`pepper "${rings.peppers.current}" is missing from the key ring`)
  return {
    seal: sealing.seal,
    fingerprint: value => under(rings.peppers.current, current, value),
    fingerprints: value => [...rings.peppers.keys].map(([kid, pepper]) => under(kid, pepper, value)),
    open: async jwe => {
      let value: string
      try {
        const { plaintext } = await compactDecrypt(jwe, async header => {
          const jwk = rings.intake.keys.get(header.kid ?? rings.intake.current)
          if (!jwk) throw new Error('unknown kid')
          return importJWK(jwk, header.alg)
        })
        value = new TextDecoder('utf-8', { fatal: true }).decode(plaintext)
      } catch {
        throw new RejectedEvent('cannot_open', 'the sealed value does not open with any intake key')
      }
      // The empty value would match every other empty value.
      if (value.trim() === '') throw new RejectedEvent('invalid_data', 'a sealed value is empty')
      return value
    },
  }
}
