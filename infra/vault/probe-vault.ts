import type { VaultLogin } from '../stack/vault-folder.ts'
import { connectVaultAdmin } from './admin-client.ts'

/** Ready is an authenticated call that is answered: unsealed, active and writing. */
export async function probeVault(login: VaultLogin): Promise<void> {
  const admin = await connectVaultAdmin(login)
  try {
    const answer = await admin.call('GET', 'auth/token/lookup-self')
    if (answer.status !== 200) throw new Error(`lookup-self answered ${answer.status}`)
    await admin.call('POST', 'auth/token/revoke-self')
  } finally {
    await admin.close()
  }
}
