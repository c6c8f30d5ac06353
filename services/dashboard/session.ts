/**
 * The token of whoever looks: in this tab's memory of this origin only (sessionStorage), so it ends with the tab, no other
 * port of this host gets it, and no request carries it by itself. It may come in the fragment, which no server sees.
 */
const key = 'curfew-token'

export const takeToken = (): string | undefined => {
  const given = /^#token=([\x21-\x7e]{1,4096})$/.exec(location.hash)?.[1]
  if (given !== undefined) {
    history.replaceState(null, '', location.pathname)
    sessionStorage.setItem(key, decodeURIComponent(given))
  }
  return sessionStorage.getItem(key) ?? undefined
}
export const keepToken = (token: string): void => sessionStorage.setItem(key, token)
export const forgetToken = (): void => sessionStorage.removeItem(key)

export class NotAllowed extends Error {
  readonly status: number
  constructor(status: number, message: string) {
    super(message)
    this.name = 'NotAllowed'
    this.status = status
  }
}
export class Problem extends Error {
  readonly code: string
  constructor(code: string, message: string) {
    super(message)
    this.name = 'Problem'
    this.code = code
  }
}

const timeoutMs = 15_000

/** Throws NotAllowed for 401 and 403, Problem with the server's words for the rest. */
export const ask = async (
  path: string,
  headers: Record<string, string> = {},
  signal?: AbortSignal,
): Promise<Response> => {
  const answer = await fetch(path, {
    headers: { authorization: `Bearer ${sessionStorage.getItem(key) ?? ''}`, ...headers },
    signal: signal ?? AbortSignal.timeout(timeoutMs),
    cache: 'no-store',
    credentials: 'omit',
  })
  if (answer.ok) return answer
  const { code = 'unknown', message = `Curfew answered ${answer.status}.` } = (await answer
    .json()
    .catch(() => ({}))) as { code?: string; message?: string }
  if (answer.status === 401 || answer.status === 403) throw new NotAllowed(answer.status, message)
  throw new Problem(code, message)
}

export const askJson = async <T>(path: string): Promise<T> => (await (await ask(path)).json()) as T
