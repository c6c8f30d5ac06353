import type { VaultKind } from './kind.ts'

const impossible = 'a batch token cannot be revoked'
const problem = { code: 'protocol', detail: impossible } as const

/** It has no accessor and no entry at the server: it dies with its time or its parent. Said at registration. */
export const vaultBatchToken: VaultKind = {
  impossible: () => impossible,
  probe: async () => ({ state: 'unknown', problem }),
  revoke: async () => ({ state: 'failed', problem }),
}
