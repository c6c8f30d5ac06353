import { errorAnswer } from '../../schemas/http.ts'
import { CliFailure, exitCodes } from './exit-codes.ts'
import { type ApiAddress, findApi } from './find-api.ts'
import type { Io } from './io.ts'

export type CallApi = <T>(method: 'GET' | 'POST', path: string, body?: unknown) => Promise<T>

const timeoutMs = 75_000

/** One call. Whatever is not a 2xx becomes a failure with its exit code and what to type next. */
export const callApi =
  (io: Io): CallApi =>
  async <T>(method: 'GET' | 'POST', path: string, body?: unknown): Promise<T> => {
    const api = findApi(io)
    const answer = await send(io, api, method, path, body)
    const json: unknown = await answer.json().catch(() => undefined)
    if (answer.ok) return json as T
    throw failureOf(answer.status, json, api)
  }

const send = async (io: Io, { url, token }: ApiAddress, method: string, path: string, body: unknown) => {
  try {
    return await io.fetch(`${url}${path}`, {
      method,
      headers: {
        authorization: `Bearer ${token}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(timeoutMs),
      redirect: 'error',
    })
  } catch (error) {
    throw new CliFailure(
      exitCodes.cannotTell,
      'unreachable',
      `Cannot reach the API at ${url} (${whyNot(error)}).
Curfew may be down; credentials due meanwhile die when it returns.
To kill without it (needs the stores' own rights):
      curfew revoke --break-glass --config <file> --session <id> --reason "why"
next: npm start -- --no-sample   starts it here
      curfew status              asks again`,
    )
  }
}

const whyNot = (error: unknown): string => {
  const { name, cause } = error as { name?: string; cause?: { code?: string } }
  if (name === 'TimeoutError') return 'no answer in time'
  const code = cause?.code ?? ''
  return code === 'ECONNREFUSED' ? 'connection refused' : code === '' ? 'no connection' : code
}

const lists: Record<string, string> = {
  no_such_secret: 'secrets',
  no_such_grant: 'grants',
  no_such_replay: 'dlq',
  no_such_store: 'status',
}
const listOf = (code: string) => lists[code] ?? 'sessions'

const failureOf = (status: number, json: unknown, api: ApiAddress): CliFailure => {
  const parsed = errorAnswer.safeParse(json)
  const { code, message } = parsed.success ? parsed.data : { code: 'unknown', message: `It answered ${status}.` }
  if (status === 401)
    return new CliFailure(
      exitCodes.notAllowed,
      code,
      code === 'invalid_token'
        ? `${message}\nIt is from ${api.from}.\nnext: CURFEW_TOKEN=<a fresh token of your issuer> curfew status`
        : `The API at ${api.url} does not know this token (from ${api.from}).
The token is made anew at each start.
next: curfew status   after checking which Curfew you mean`,
    )
  if (status === 403)
    return new CliFailure(
      exitCodes.notAllowed,
      code,
      `Not allowed: ${message.replace(/\.$/, '')}.\nnext: use a token with the right to it`,
    )
  if (status === 404) {
    if (code === 'no_such_plan')
      return new CliFailure(exitCodes.usage, code, `${message}\nnext: curfew revoke ... --dry-run   makes one`)
    return new CliFailure(exitCodes.usage, code, `${message}\nnext: curfew ${listOf(code)}   lists what is known`)
  }
  if (status >= 500) return new CliFailure(exitCodes.cannotTell, code, `${message}\nnext: curfew status   asks again`)
  return new CliFailure(exitCodes.usage, code, `The API refused it: ${message}\nnext: curfew --help`)
}
