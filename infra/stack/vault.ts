import { randomBytes } from 'node:crypto'
import { mkdir, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { probeVault } from '../vault/probe-vault.ts'
import { renderVaultServer } from '../vault/server-config.ts'
import type { VaultAddress } from './addresses.ts'
import { makeCertificate } from './certificate.ts'
import type { Installed } from './install-components.ts'
import type { LocalPlan } from './local-component.ts'

export type VaultLogin = Omit<VaultAddress, 'pipelineRoleId' | 'pipelineSecretId'>
export type VaultPlan = { plan: LocalPlan; login: VaultLogin; auditFile: string }

export async function planVault(
  installed: Installed,
  folder: string,
  ports: { api: number; cluster: number },
): Promise<VaultPlan> {
  const dataDir = path.join(folder, 'data')
  const auditFile = path.join(folder, 'audit.log')
  const sealKeyFile = path.join(folder, 'seal.key')
  const configFile = path.join(folder, 'server.hcl')
  await mkdir(dataDir, { recursive: true })
  const certificate = await makeCertificate(folder, 'IP:127.0.0.1,DNS:localhost')
  await writeFile(sealKeyFile, randomBytes(32), { mode: 0o600 })
  const listen = `127.0.0.1:${ports.api}`
  const address = `https://${listen}`
  const clusterAddress = `https://127.0.0.1:${ports.cluster}`
  await writeFile(
    configFile,
    renderVaultServer({ listen, address, clusterAddress, dataDir, auditFile, sealKeyFile, ...certificate }),
  )
  const login = {
    address,
    caFile: certificate.caFile,
    adminUsername: 'admin',
    adminPassword: randomBytes(18).toString('base64url'),
  }
  const launch = {
    command: installed.bao,
    args: ['server', '-config', configFile],
    folder,
    logFile: path.join(folder, 'vault.log'),
    env: { CURFEW_INITIAL_ADMIN_PASSWORD: login.adminPassword },
    endSignal: 'SIGKILL' as const,
  }
  return { plan: { name: 'vault', launch, probe: () => probeVault(login) }, login, auditFile }
}
