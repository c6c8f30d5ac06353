import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import type { HookConfig } from '../../schemas/hook.ts'
import type { Problem } from '../pipeline/errors.ts'
import { httpTransport } from './http-transport.ts'
import { requireSafe } from './safe-url.ts'
import { wireProblem } from './wire-problem.ts'

export type Hook = {
  tell(message: Record<string, unknown>): Promise<object | { problem: Problem }>
  close(): Promise<void>
}

/** Done is a 2xx, or an exit with 0. What it answers or prints is not read: it may hold anything. */
export const openHook = (config: HookConfig, timeoutMs: number, caFile?: string): Hook => {
  if ('command' in config)
    return { tell: message => run(config.command, message, timeoutMs), close: async () => undefined }
  const { url, tokenFile } = config
  const { origin } = requireSafe(url)
  const transport = httpTransport({ origin, caFile, timeoutMs, connections: 2 })
  return {
    tell: async json => {
      try {
        const token = tokenFile === undefined ? undefined : (await readFile(tokenFile, 'utf8')).trim()
        const headers: Record<string, string> = token === undefined ? {} : { authorization: `Bearer ${token}` }
        const { statusCode } = await transport.send({ method: 'POST', uri: url, headers, json })
        if (statusCode >= 200 && statusCode < 300) return {}
        return {
          problem: {
            code: statusCode === 403 || statusCode === 401 ? 'permission' : 'backend',
            detail: `the hook answered ${statusCode}`,
          },
        }
      } catch (error) {
        return { problem: wireProblem(error) }
      }
    },
    close: transport.close,
  }
}

const run = ([file = '', ...args]: string[], message: Record<string, unknown>, timeoutMs: number) =>
  new Promise<object | { problem: Problem }>(resolve => {
    // Nothing of ours is inherited: our environment may hold secrets.
    const child = execFile(
      file,
      args,
      { timeout: timeoutMs, env: { PATH: '/usr/local/bin:/usr/bin:/bin' }, killSignal: 'SIGKILL' },
      error => {
        if (!error) return resolve({})
        const { code, killed } = error as { code?: string | number; killed?: boolean }
        resolve({
          problem: killed
            ? { code: 'timeout', detail: `the hook did not end within ${timeoutMs} ms` }
            : { code: 'backend', detail: `the hook ended with ${code ?? 'a signal'}` },
        })
      },
    )
    // One that does not read its input is no failure.
    child.stdin?.on('error', () => undefined)
    child.stdin?.end(`${JSON.stringify(message)}\n`)
  })
