import type { StandingStoreConfig } from '../../schemas/store-standing.ts'
import type { Store } from '../pipeline/ports.ts'

/** A key that a server knows from its environment or its configuration cannot be ended alone: it must be rotated. */
export const needsRotation = 'needs rotation: the server knows one standing key'

export const standingStore = ({ id }: StandingStoreConfig): Store => {
  const impossible = () => Promise.resolve({ state: 'impossible', reason: needsRotation } as const)
  return {
    id,
    role: 'issuer',
    propagationMs: 0,
    survives: () => [],
    impossible: () => needsRotation,
    probe: impossible,
    revoke: impossible,
    close: () => Promise.resolve(),
  }
}
