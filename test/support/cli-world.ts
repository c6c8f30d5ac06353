import type { BreakGlass } from '../../schemas/break-glass.ts'
import type { Status } from '../../schemas/status.ts'
import type { AuditCommands, Io } from '../../services/cli/io.ts'
import { runCli } from '../../services/cli/run-cli.ts'
import { readReport } from '../../services/intake/reports/read-report.ts'
import { stateOf, youngCanary } from './api-world.ts'

export const statusOf = (change: Partial<Status> = {}): Status => ({
  verdict: 'well',
  reasons: [],
  ...stateOf(),
  canary: youngCanary,
  canaries: [youngCanary],
  lastHour: {
    died: 1_204,
    impossible: 2,
    unproven: 0,
    goneBeforeSeen: 0,
    lagMs: { p50: 41, p99: 380, max: 2_100 },
    complete: true,
  },
  ...change,
})

export type Answer = { status?: number; json: unknown }
export type Asked = { method: string; path: string; body: unknown; authorization: string | null }
export type CliOptions = {
  /** By `METHOD /path` without the query; a list answers one after the other, the last one for ever. */
  answers?: Record<string, Answer | Answer[]>
  stdin?: string
  env?: Record<string, string>
  stateFile?: string
  files?: Record<string, string>
  refuse?: boolean
  /** What the person answers when asked. */
  typed?: string
  breakGlass?: BreakGlass
  terminal?: boolean
  audit?: AuditCommands
}
const nothing = () => Promise.reject(new Error('no audit here'))
export const noAudit: AuditCommands = { verify: nothing, newest: nothing, publicKeys: nothing }

const state = JSON.stringify({ url: 'http://127.0.0.1:7440', token: 'made-at-start', pid: 1 })

/** The CLI over an API that is a table, and a clock that moves only by waiting. */
export const cli = async (argv: string[], options: CliOptions = {}) => {
  const out: string[] = []
  const err: string[] = []
  const asked: Asked[] = []
  const overwritten: string[] = []
  let now = 1_700_000_000_000
  const answers = new Map(Object.entries(options.answers ?? {}).map(([key, one]) => [key, [one].flat()]))
  const send: typeof fetch = (input, init = {}) => {
    if (options.refuse) return Promise.reject(new TypeError('fetch failed', { cause: { code: 'ECONNREFUSED' } }))
    const url = new URL(String(input))
    const method = init.method ?? 'GET'
    const body: unknown = typeof init.body === 'string' ? JSON.parse(init.body) : undefined
    const authorization = new Headers(init.headers).get('authorization')
    asked.push({ method, path: url.pathname + url.search, body, authorization })
    const queue = answers.get(`${method} ${url.pathname}`) ?? []
    const answer = (queue.length > 1 ? queue.shift() : queue[0]) ?? {
      status: 404,
      json: { code: 'none', message: '?' },
    }
    return Promise.resolve(Response.json(answer.json, { status: answer.status ?? 200 }))
  }
  const io: Io = {
    out: text => out.push(text),
    err: text => err.push(text),
    ...(options.terminal ? { overwrite: (text: string) => void overwritten.push(text) } : {}),
    env: options.env ?? {},
    home: '/home/someone',
    readFile: file => {
      const found = file.endsWith('api.json') ? (options.stateFile ?? state) : options.files?.[file]
      if (found === undefined) throw Object.assign(new Error('no such file'), { code: 'ENOENT' })
      return found
    },
    readStdin: () => Promise.resolve(options.stdin),
    ask: () => Promise.resolve(options.typed),
    fetch: send,
    now: () => now,
    pause: ms => {
      now += ms
      return Promise.resolve()
    },
    liveScreen: false,
    interrupted: new AbortController().signal,
    testStore: () => Promise.reject(new Error('no store here')),
    breakGlass: options.breakGlass ?? {
      plan: () => Promise.reject(new Error('no store here')),
      reconcile: () => Promise.reject(new Error('no Kafka here')),
    },
    readReport: async (text, format) => readReport(text, format),
    audit: options.audit ?? noAudit,
  }
  const exitCode = await runCli(argv, io)
  return { exitCode, out: out.join('\n'), err: err.join('\n'), asked, overwritten }
}
