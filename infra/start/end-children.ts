import { childrenOf, signalAll } from '../stack/child-processes.ts'
import { markOf } from '../stack/process-mark.ts'
import { waitUntil } from '../stack/wait-until.ts'

const patienceMs = 20_000

/** A stack that was still booting has no `close` yet: its supervisor ends by signal, and we wait for it. */
export const endChildren = async (): Promise<void> => {
  const children = childrenOf(process.pid)
  signalAll(children, 'SIGTERM')
  const gone = async () => {
    const left = children.filter(pid => markOf(pid) !== undefined)
    if (left.length > 0) throw new Error(`still there: ${left.join(', ')}`)
  }
  await waitUntil('the last processes to end', patienceMs, gone).catch(error => {
    signalAll(children, 'SIGKILL')
    throw error
  })
}
