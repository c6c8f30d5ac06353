import type { closing } from './closing.ts'
import type { Interruption } from './interruption.ts'
import type { StartOptions } from './options.ts'

/** What the ways of running share: the options, what is to be closed, and how an interruption is told. */
export type StartParts = {
  options: StartOptions
  life: ReturnType<typeof closing>
  interrupted: Interruption
  onForce(end: () => void): void
}
