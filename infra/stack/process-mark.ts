import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'

/** A pid alone may have been given to somebody else since: only pid and start time together name a process. */
export type ProcessMark = { pid: number; startedAt: string }

/** Undefined when no such process exists, or when it is a zombie that only waits to be collected. */
export function markOf(pid: number): ProcessMark | undefined {
  const startedAt = existsSync('/proc/self/stat') ? startFromProc(pid) : startFromPs(pid)
  return startedAt === undefined ? undefined : { pid, startedAt }
}

export function thisProcess(): ProcessMark {
  return markOf(process.pid) ?? { pid: process.pid, startedAt: '' }
}

export function isSameProcess(mark: ProcessMark): boolean {
  return markOf(mark.pid)?.startedAt === mark.startedAt
}

function startFromProc(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return fields[0] === 'Z' ? undefined : fields[19]
  } catch {
    return undefined
  }
}

function startFromPs(pid: number): string | undefined {
  try {
    const [state, ...start] = execFileSync('ps', ['-o', 'stat=,lstart=', '-p', String(pid)], { encoding: 'utf8' })
      .trim()
      .split(/\s+/)
    return state === undefined || state === '' || state.startsWith('Z') ? undefined : start.join(' ')
  } catch {
    return undefined
  }
}
