import type { RunningComponent } from './component.ts'
import type { StackEnvironment } from './environment.ts'
import type { Progress } from './progress.ts'

export type BringUpOptions = {
  given: StackEnvironment
  dataDir: string
  progress: Progress
  /** Told of each component as soon as it may be running, so that it can be ended whatever happens next. */
  onComponent: (component: RunningComponent) => void
  onChange: () => void
  signal: AbortSignal
}
