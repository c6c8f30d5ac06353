import { spawnSync } from 'node:child_process'
import type { Identity } from './postgres-identity.ts'

const instruction = '--pdeathsig=KILL'
const setpriv = ['/usr/bin/setpriv', '/bin/setpriv'].find(file => spawnSync(file, [instruction, 'true']).status === 0)

export type Command = { command: string; args: string[]; identity?: Identity | undefined }

/**
 * On Linux the kernel itself ends a child whose parent was ended by `kill -9`. The uid is changed by the same tool,
 * because a change of uid after it would take the instruction back. Elsewhere the next start reaps what was left.
 */
export function dieWithParent({ command, args, identity }: Command): Command {
  if (!setpriv) return { command, args, identity }
  const user = identity ? [`--reuid=${identity.uid}`, `--regid=${identity.gid}`, '--clear-groups'] : []
  return { command: setpriv, args: [instruction, ...user, '--', command, ...args] }
}
