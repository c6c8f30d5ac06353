import { createHash, createHmac, timingSafeEqual } from 'node:crypto'
import { RejectedEvent } from '../../../pipeline/errors.ts'

/** One text for every reason: who forges learns nothing. */
export const badSignature = () => new RejectedEvent('bad_signature', 'the signature or the token is not this sender’s')

const digest = (text: string) => createHash('sha256').update(text).digest()

/** In constant time, whatever the lengths. As text, so that one signature has one spelling. */
export const sameText = (a: string, b: string): boolean => timingSafeEqual(digest(a), digest(b))

export const hmacSha256 = (key: string | Buffer, message: Buffer) => createHmac('sha256', key).update(message)

/** Every secret is tried: how long it takes tells nothing. */
export const someOf = <T>(secrets: readonly T[], matches: (secret: T) => boolean): boolean =>
  secrets.filter(matches).length > 0

/** Lenient decoders would accept many spellings of one signature. */
export const strictBase64 = (text: string): Buffer | undefined => {
  const bytes = Buffer.from(text, 'base64')
  return bytes.length > 0 && bytes.toString('base64') === text ? bytes : undefined
}

export const withinTolerance = (atMs: number, nowMs: number, toleranceMs: number): boolean =>
  Number.isFinite(atMs) && Math.abs(nowMs - atMs) <= toleranceMs

/** `Authorization: <token>`, or `Bearer <token>`. */
export const requireToken = (secrets: readonly string[], authorization: string | undefined): void => {
  const presented = (authorization ?? '').replace(/^Bearer /i, '')
  if (!someOf(secrets, secret => sameText(secret, presented))) throw badSignature()
}

/** Unix seconds as a sender writes them, not older and not newer than the tolerance. */
export const isFresh = (timestamp: string | undefined, receivedAt: number, toleranceMs: number): boolean =>
  timestamp !== undefined &&
  /^\d{1,12}$/.test(timestamp) &&
  withinTolerance(Number(timestamp) * 1_000, receivedAt, toleranceMs)
