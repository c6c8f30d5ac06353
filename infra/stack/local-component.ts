import type { ComponentName } from './addresses.ts'
import type { Launch, RunningComponent } from './component.ts'
import { readLogTail } from './log-tail.ts'
import { superviseProcess } from './supervised-process.ts'
import { waitUntil } from './wait-until.ts'

const readyTimeoutMs = 60_000

export type LocalPlan = { name: ComponentName; launch: Launch; probe: () => Promise<void> }

export function localComponent(plan: LocalPlan, onChange: () => void, signal: AbortSignal): RunningComponent {
  const supervised = superviseProcess(plan.launch, onChange)
  async function ready(): Promise<void> {
    try {
      await waitUntil(`${plan.name} to answer`, readyTimeoutMs, plan.probe, 50, signal)
    } catch (error) {
      if (error instanceof Error)
        error.message += `\nEnd of ${plan.launch.logFile}:\n${readLogTail(plan.launch.logFile)}`
      throw error
    }
  }
  return {
    name: plan.name,
    start: async () => {
      supervised.start()
      await ready()
    },
    kill: supervised.kill,
    stop: supervised.stop,
    pause: async () => supervised.signal('SIGSTOP'),
    resume: async () => supervised.signal('SIGCONT'),
    ready,
    end: supervised.end,
    pid: supervised.pid,
  }
}
