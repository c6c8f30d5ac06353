import type { ComponentName } from './addresses.ts'
import type { Identity } from './postgres-identity.ts'

/** How one component is started; the same launch brings it back on the same port with the same data. */
export type Launch = {
  command: string
  args: string[]
  folder: string
  logFile: string
  env?: Record<string, string>
  identity?: Identity | undefined
  /** What ends it at once together with its own children; SIGKILL follows. */
  endSignal: NodeJS.Signals
}

/** What the supervisor can do to a component, whether it is a process or a container. */
export type RunningComponent = {
  name: ComponentName
  start: () => Promise<void>
  kill: () => Promise<void>
  stop: () => Promise<void>
  pause: () => Promise<void>
  resume: () => Promise<void>
  ready: () => Promise<void>
  end: () => Promise<void>
  pid: () => number | undefined
}
