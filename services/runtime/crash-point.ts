import { existsSync, writeFileSync } from 'node:fs'
import { crashPoints, type PassCrashPoint } from '../pipeline/crash-points.ts'

/**
 * `CURFEW_CRASH_AT=<point>:<file>`: the first process that passes the point dies there by SIGKILL, once: the file says so.
 * For tests only; without the variable every point is passed.
 */
export const crashPointFromEnvironment = (setting: string | undefined): PassCrashPoint => {
  if (!setting) return () => undefined
  const [name, file] = [setting.slice(0, setting.indexOf(':')), setting.slice(setting.indexOf(':') + 1)]
  const point = crashPoints.find(known => known === name)
  if (!point) throw new Error(`CURFEW_CRASH_AT: no crash point "${name}" (${crashPoints.join(', ')})`)
  return passed => {
    if (passed !== point || existsSync(file)) return
    try {
      writeFileSync(file, `${process.pid}\n`, { flag: 'wx' })
    } catch {
      return
    }
    process.kill(process.pid, 'SIGKILL')
  }
}
