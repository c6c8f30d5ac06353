import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'

/** The direct children of a process: PostgreSQL's sessions are processes of their own, each in its own group. */
export function childrenOf(pid: number): number[] {
  const parents = existsSync('/proc/self/stat') ? parentsFromProc() : parentsFromPs()
  return parents.filter(([, parent]) => parent === pid).map(([child]) => child)
}

function parentsFromProc(): [number, number][] {
  const found: [number, number][] = []
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue
    try {
      const stat = readFileSync(`/proc/${name}/stat`, 'utf8')
      found.push([Number(name), Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1])])
    } catch {
      // Ended meanwhile.
    }
  }
  return found
}

function parentsFromPs(): [number, number][] {
  const lines = execFileSync('ps', ['-A', '-o', 'pid=,ppid='], { encoding: 'utf8' }).trim().split('\n')
  return lines.map(line => line.trim().split(/\s+/).map(Number) as [number, number])
}

export function signalAll(pids: number[], signal: NodeJS.Signals): void {
  for (const pid of pids) {
    try {
      process.kill(pid, signal)
    } catch {
      // Ended meanwhile.
    }
  }
}
