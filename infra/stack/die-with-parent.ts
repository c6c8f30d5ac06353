import { existsSync } from 'node:fs'
import type { Identity } from './postgres-identity.ts'

const setpriv = ['/usr/bin/setpriv', '/bin/setpriv'].find(file => existsSync(file))

export type Command = { command: string; args: string[]; identity?: Identity | undefined }

/**
 * On Linux the kernel itself ends a child whose parent was ended by `kill -9`. The uid is changed by the same tool,
 * because a change of uid after it would take the instruction back. Elsewhere the next start reaps what was left.
 */
export function dieWithParent({ command, args, identity }: Command): Command {
  if (!setpriv) return { command, args, identity }
  const user = identity ? [`--reuid=${identity.uid}`, `--regid=${identity.gid}`, '--clear-groups'] : []
  return { command: setpriv, args: ['--pdeathsig=KILL', ...user, '--', command, ...args] }
}
