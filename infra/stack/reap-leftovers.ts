import { findAbandonedFolders, findStacks } from './find-stacks.ts'
import { isSameProcess } from './process-mark.ts'
import type { Progress } from './progress.ts'
import { removeStackFolder } from './stack-folder.ts'

/** Ends what a supervisor left that was itself ended by `kill -9`. */
export function reapLeftovers(progress: Progress): void {
  for (const { folder, record, alive } of findStacks()) {
    if (alive) continue
    for (const mark of Object.values(record.components)) {
      if (mark && isSameProcess(mark)) process.kill(mark.pid, 'SIGKILL')
    }
    removeStackFolder(folder)
    progress(`removed what an earlier, killed stack left in ${folder}`)
  }
  for (const folder of findAbandonedFolders()) removeStackFolder(folder)
}
