import { probeVault } from '../vault/probe-vault.ts'
import type { Launch } from './component.ts'
import type { Installed } from './install-components.ts'
import type { LocalPlan } from './local-component.ts'
import { prepareVaultFolder, type VaultFolder } from './vault-folder.ts'

export type VaultPlan = VaultFolder & { plan: LocalPlan }

export async function planVault(
  installed: Installed,
  folder: string,
  ports: { api: number; cluster: number },
): Promise<VaultPlan> {
  const listen = `127.0.0.1:${ports.api}`
  const clusterAddress = `https://127.0.0.1:${ports.cluster}`
  const made = await prepareVaultFolder({
    folder,
    inside: folder,
    listen,
    address: `https://${listen}`,
    clusterAddress,
  })
  const launch: Launch = {
    command: installed.bao,
    args: ['server', '-config', made.configFile],
    folder,
    logFile: `${folder}/vault.log`,
    env: { CURFEW_INITIAL_ADMIN_PASSWORD: made.login.adminPassword },
    endSignal: 'SIGKILL',
  }
  return { ...made, plan: { name: 'vault', launch, probe: () => probeVault(made.login) } }
}
