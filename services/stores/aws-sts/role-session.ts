/** What AWS's conditions can tell of a role session: whose it is by name, and when it was issued. Times are epoch ms. */
export type RoleSession = { accountId: string; role: string; name: string; issuedAt: number }

const form =
  /^arn:aws[\w-]*:sts::(\d{12}):assumed-role\/([\w+=,.@-]{1,64})\/([\w+=,.@-]{2,64})@(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ)$/

/** `<assumed-role ARN>@<time>`: a session's name may hold an `@`, and never a colon. */
export const roleSession = (handle: string): RoleSession | undefined => {
  const [, accountId, role, name, time = ''] = form.exec(handle) ?? []
  const issuedAt = Date.parse(time)
  if (accountId === undefined || role === undefined || name === undefined || Number.isNaN(issuedAt)) return undefined
  return { accountId, role, name, issuedAt }
}

/** STS issues for twelve hours at most. */
const longestMs = 12 * 3_600_000
export const endOf = ({ issuedAt }: RoleSession, expiresAt: number | undefined): number =>
  Math.min(expiresAt ?? Number.POSITIVE_INFINITY, issuedAt + longestMs)
