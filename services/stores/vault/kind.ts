import type { Credential, Lane, ProbeResult, StepResult } from '../../pipeline/ports.ts'

/** One kind of credential at Vault. */
export type VaultKind = {
  /** Pure. Why it cannot be revoked or proven dead; undefined: it can. */
  impossible(credential: Credential): string | undefined
  probe(credential: Credential, lane: Lane): Promise<ProbeResult>
  revoke(credential: Credential, lane: Lane): Promise<StepResult>
}
