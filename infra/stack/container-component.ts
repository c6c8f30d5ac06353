import { type ContainerRuntimeClient, getContainerRuntimeClient } from 'testcontainers'
import type { ComponentName } from './addresses.ts'
import type { RunningComponent } from './component.ts'
import { waitUntil } from './wait-until.ts'

type Container = ReturnType<ContainerRuntimeClient['container']['getById']>
type ContainerPlan = { name: ComponentName; id: string; probe: () => Promise<void>; signal: AbortSignal }

const readyTimeoutMs = 60_000

/** UNTESTED. An engine does not restart a container that was killed through it: that part of the promise is kept here. */
export function containerComponent({ name, id, probe, signal }: ContainerPlan): Omit<RunningComponent, 'end'> {
  const ready = () => waitUntil(`${name} to answer`, readyTimeoutMs, probe, 100, signal)
  const stop = () =>
    withContainer(id, async container => {
      const gone = container.wait({ condition: 'not-running' })
      await container.kill({ signal: 'SIGKILL' })
      await gone
    })
  const start = () => withContainer(id, container => container.start())
  return {
    name,
    start: async () => {
      await start()
      await ready()
    },
    kill: async () => {
      await stop()
      await start()
    },
    stop,
    pause: () => withContainer(id, container => container.pause()),
    resume: () => withContainer(id, container => container.unpause()),
    ready,
    pid: () => undefined,
  }
}

async function withContainer(id: string, work: (container: Container) => Promise<unknown>): Promise<void> {
  const client = await getContainerRuntimeClient()
  await work(client.container.getById(id))
}
