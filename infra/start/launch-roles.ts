import type { Launched } from '../../services/runtime/launcher.ts'
import { launch } from '../../services/runtime/launcher.ts'
import { exit, StartFailure } from './failure.ts'

export type RolesOptions = {
  configFile: string
  processes: string[][]
  env: Record<string, string>
  write(text: Buffer): void
}
export type Roles = Launched & {
  /** Rejects when a process was refused its start: starting it again would not mend that. */
  refused: Promise<never>
  kill(): void
  /** Its last lines: the log goes with the folder that it is in. */
  logTail(): string
}

const tailChars = 16_000
const tailLines = 20

/** The roles in processes of their own, started again when they exit. */
export const launchRoles = ({ configFile, processes, env, write }: RolesOptions): Roles => {
  let tail = ''
  const { promise: refused, reject } = Promise.withResolvers<never>()
  refused.catch(() => undefined)
  const launched = launch({
    configFile,
    processes,
    env,
    onOutput: text => {
      write(text)
      tail = (tail + text.toString('utf8')).slice(-tailChars)
    },
    onExit: (roles, code) => {
      if (code !== exit.refused) return
      reject(new StartFailure(`the role ${roles.join('+')} was refused its start: ${refusalIn(tail)}`, exit.refused))
    },
  })
  const kill = () => {
    for (const pid of launched.pids())
      try {
        process.kill(pid, 'SIGKILL')
      } catch {
        // Ended meanwhile.
      }
  }
  return { ...launched, refused, kill, logTail: () => tail.trimEnd().split('\n').slice(-tailLines).join('\n') }
}

/** `main.ts` says why in its last words: as a log line, or as plain text while there is no log yet. */
const refusalIn = (output: string): string => {
  const lines = output.trimEnd().split('\n')
  for (const line of lines.toReversed()) {
    if (line.startsWith('curfew: ')) return output.slice(output.lastIndexOf('curfew: ') + 'curfew: '.length).trimEnd()
    if (!line.includes('"refused to start"')) continue
    return (JSON.parse(line) as { error: string }).error
  }
  return lines.at(-1) ?? 'it said nothing'
}
