import type { Config, Principal } from '../../schemas/config.ts'
import type { Edge } from './fingerprints.ts'
import type { ParsedEvent } from './parse-event.ts'

export type IntakeParts = {
  config: Config
  edge: Edge
  /** Told of each event that was understood, with the sender's own time of it. */
  received?: ((occurredAt: number | undefined, receivedAt: number) => void) | undefined
}
/** One event on its way to facts. `receivedAt`: epoch ms. */
export type Translation = IntakeParts & { principal: Principal; receivedAt: number; event: ParsedEvent }
/** What every fact of one event has. */
export type FactBase = { v: 1; at: number; event: string; by: string }
