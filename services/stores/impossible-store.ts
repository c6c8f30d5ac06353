import type { Store } from '../pipeline/ports.ts'

/** A store whose credentials can be neither ended nor proven dead, and why: each is listed as that from its registration on. */
export const impossibleStore = (id: string, role: Store['role'], reason: string): Store => {
  const impossible = () => Promise.resolve({ state: 'impossible', reason } as const)
  return {
    id,
    role,
    propagationMs: 0,
    survives: () => [],
    impossible: () => reason,
    probe: impossible,
    revoke: impossible,
    close: () => Promise.resolve(),
  }
}
