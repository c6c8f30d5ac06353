import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { chmod, mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { StackAddresses } from './addresses.ts'
import { childrenOf } from './child-processes.ts'
import type { ProcessMark } from './process-mark.ts'

export const folderPrefix = 'curfew-stack-'
export const socketName = 'control.sock'
const recordName = 'stack.json'

/** What the next start needs to end what a killed supervisor left, and what `status`, `env` and `down` read. */
export type StackRecord = {
  supervisor: ProcessMark
  detached: boolean
  components: Partial<Record<string, ProcessMark>>
  addresses?: StackAddresses
}

/** Others may pass through (PostgreSQL runs under another uid) but not look around: the record holds passwords. */
export async function makeStackFolder(): Promise<string> {
  const folder = await mkdtemp(path.join(tmpdir(), folderPrefix))
  await chmod(folder, 0o711)
  return folder
}

export function recordFile(folder: string): string {
  return path.join(folder, recordName)
}

export function readRecord(folder: string): StackRecord {
  return JSON.parse(readFileSync(recordFile(folder), 'utf8')) as StackRecord
}

/** Supervisor, components and their children. */
export function familyOf(folder: string): number[] {
  const { supervisor, components } = readRecord(folder)
  const pids = Object.values(components).flatMap(mark => (mark ? [mark.pid] : []))
  return [supervisor.pid, ...pids, ...pids.flatMap(childrenOf)]
}

export function writeRecord(folder: string, record: StackRecord): void {
  const unfinished = `${recordFile(folder)}.part`
  writeFileSync(unfinished, JSON.stringify(record, null, 2), { mode: 0o600 })
  renameSync(unfinished, recordFile(folder))
}

export function removeStackFolder(folder: string): void {
  rmSync(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 })
}
