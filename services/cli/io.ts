import { readFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { setTimeout } from 'node:timers/promises'
import type { AuditKeys, AuditReport, KeptCheckpoints } from '../../schemas/audit.ts'
import type { ReportFormat } from '../../schemas/inbox.ts'
import type { Report } from '../../schemas/leaks.ts'
import type { Brought, Finding } from '../../schemas/store-test.ts'

/** The world as a command sees it: tests give another one. */
export type Io = {
  out(text: string): void
  err(text: string): void
  /** A line that the next one is written over; an empty one clears it. Absent: nobody watches. */
  overwrite?(text: string): void
  env: Record<string, string | undefined>
  home: string
  readFile(file: string): string
  /** Undefined: a person sits there, and nothing is piped in. */
  readStdin(): Promise<string | undefined>
  fetch: typeof fetch
  now(): number
  pause(ms: number): Promise<void>
  /** Set: the screen is cleared before each picture. */
  liveScreen: boolean
  interrupted: AbortSignal
  /** Acts on a store directly, without the API: the only thing here that does. */
  testStore: TestStore
  /** Reads a scanner's report. Throws with a code and a text that quotes nothing. */
  readReport: ReadReport
  /** Reads an export of receipts, without the API. */
  audit: AuditCommands
}
export type AuditCommands = {
  verify(wanted: { dir: string; keys: AuditKeys; since: KeptCheckpoints | undefined }): Promise<AuditReport>
  newest(dir: string): Promise<KeptCheckpoints>
  publicKeys(configFile: string): Promise<AuditKeys>
}
export type ReadReport = (text: string, format: ReportFormat) => Promise<Report>
export type TestStore = (wanted: {
  store: string
  configFile: string
  brought?: Brought | undefined
  watchMs: number
  tell(finding: Finding): void
}) => Promise<Finding[]>

export const processIo = (given: Pick<Io, 'testStore' | 'readReport' | 'audit'>): Io => {
  const interruption = new AbortController()
  let listening = false
  return {
    out: text => void process.stdout.write(`${text}\n`),
    err: text => void process.stderr.write(`${text}\n`),
    ...(process.stderr.isTTY === true
      ? { overwrite: (text: string) => void process.stderr.write(`\r\u001b[K${text}`) }
      : {}),
    env: process.env,
    home: homedir(),
    readFile: file => readFileSync(file, 'utf8'),
    readStdin: async () => {
      if (process.stdin.isTTY) return undefined
      const chunks: Buffer[] = []
      for await (const chunk of process.stdin) chunks.push(Buffer.from(chunk as Buffer))
      return Buffer.concat(chunks).toString('utf8')
    },
    fetch,
    now: Date.now,
    pause: ms => {
      // Only a command that waits takes Ctrl-C for itself.
      if (!listening) process.once('SIGINT', () => interruption.abort())
      listening = true
      return setTimeout(ms, undefined, { signal: interruption.signal }).catch(() => undefined)
    },
    liveScreen: process.stdout.isTTY === true,
    interrupted: interruption.signal,
    ...given,
  }
}
