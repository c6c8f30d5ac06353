import { createHash } from 'node:crypto'
import { isDeepStrictEqual } from 'node:util'
import type { RoleSession } from './role-session.ts'

const prefix = 'curfew-contained-'

/** An inline policy of its own for each session: nothing is read, changed and written back, so nobody's statement can be lost. */
export const policyName = (handle: string): string =>
  `${prefix}${createHash('sha256').update(handle).digest('hex').slice(0, 16)}`
export const isOurs = (name: string): boolean => /^curfew-contained-[0-9a-f]{16}$/.test(name)

type Document = { Version: string; Statement: object[] }
const seconds = (ms: number) => `${new Date(ms).toISOString().slice(0, 19)}Z`
const stamp = (ms: number) => seconds(ms).replaceAll(/[-:]/g, '')

/**
 * Denies everything to the credentials that STS issued under this name of this role at that time, and to nobody else. `roleId`: IAM's own
 * id of the role, so that a role made anew under its name is another one. The Sid says until when it is needed.
 */
export const denyPolicy = (
  { name, issuedAt }: RoleSession,
  { roleId, withinMs, until }: { roleId: string; withinMs: number; until: number },
): Document => ({
  Version: '2012-10-17',
  Statement: [
    {
      Sid: `Until${stamp(until)}`,
      Effect: 'Deny',
      Action: '*',
      Resource: '*',
      Condition: {
        StringEquals: { 'aws:userid': `${roleId}:${name}` },
        DateGreaterThanEquals: { 'aws:TokenIssueTime': seconds(issuedAt - withinMs) },
        DateLessThanEquals: { 'aws:TokenIssueTime': seconds(issuedAt + withinMs) },
      },
    },
  ],
})

/** IAM answers documents URL-encoded. Undefined: not JSON. */
export const parsedPolicy = (encoded: string | undefined): unknown => {
  try {
    return JSON.parse(decodeURIComponent(encoded ?? ''))
  } catch {
    return undefined
  }
}

export const isSame = (found: unknown, wanted: Document): boolean => isDeepStrictEqual(found, wanted)

/** Until when one of ours is needed, epoch ms. Undefined: it does not say. */
export const neededUntil = (found: unknown): number | undefined => {
  const [, text = ''] = /"Sid":"Until(\d{8}T\d{6}Z)"/.exec(JSON.stringify(found) ?? '') ?? []
  const at = Date.parse(text.replace(/^(....)(..)(..T..)(..)(..Z)$/, '$1-$2-$3:$4:$5'))
  return Number.isNaN(at) ? undefined : at
}
