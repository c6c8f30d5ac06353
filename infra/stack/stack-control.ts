import type { ComponentName, StackAddresses } from './addresses.ts'
import type { ControlClient } from './control-client.ts'
import type { ComponentVerb } from './control-protocol.ts'

export type StackControl = {
  addresses: StackAddresses
  /** SIGKILL; resolves when the process is gone. The supervisor starts it again. */
  kill: (component: ComponentName) => Promise<void>
  /** SIGKILL, and it stays down until `start`. */
  stop: (component: ComponentName) => Promise<void>
  /** Resolves when it answers again. */
  start: (component: ComponentName) => Promise<void>
  /** SIGSTOP and SIGCONT, for the process and its children. */
  pause: (component: ComponentName) => Promise<void>
  resume: (component: ComponentName) => Promise<void>
  ready: (component: ComponentName) => Promise<void>
  pids: () => Promise<Record<string, number>>
  close: () => Promise<void>
}

export function controlOver(
  client: ControlClient,
  addresses: StackAddresses,
  close: () => Promise<void>,
): StackControl {
  const tell = (verb: ComponentVerb) => async (component: ComponentName) => void (await client.ask({ verb, component }))
  return {
    addresses,
    kill: tell('kill'),
    stop: tell('stop'),
    start: tell('start'),
    pause: tell('pause'),
    resume: tell('resume'),
    ready: tell('ready'),
    pids: async () => (await client.ask({ verb: 'pids' })).pids ?? {},
    close,
  }
}
