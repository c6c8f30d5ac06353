import { randomBytes } from 'node:crypto'
import { mkdir, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { renderVaultServer } from '../vault/server-config.ts'
import type { VaultAddress } from './addresses.ts'
import { makeCertificate } from './certificate.ts'

export type VaultLogin = Omit<VaultAddress, 'pipelineRoleId' | 'pipelineSecretId' | 'rotatorRoleId' | 'rotatorSecretId'>

/** `inside` is the same folder as the server sees it: another path in a container. */
export type VaultPlace = { folder: string; inside: string; listen: string; address: string; clusterAddress: string }
export type VaultFolder = { login: VaultLogin; auditFile: string; configFile: string }

/** Configuration, certificates and seal key of one server, and an empty data folder. */
export async function prepareVaultFolder(place: VaultPlace): Promise<VaultFolder> {
  const { folder, inside, listen, address, clusterAddress } = place
  await mkdir(path.join(folder, 'data'), { recursive: true })
  const certificate = await makeCertificate(folder)
  await writeFile(path.join(folder, 'seal.key'), randomBytes(32), { mode: 0o600 })
  const config = renderVaultServer({ listen, address, clusterAddress, folder: inside })
  await writeFile(path.join(folder, 'server.hcl'), config)
  const adminPassword = randomBytes(18).toString('base64url')
  return {
    login: { address, caFile: certificate.caFile, adminUsername: 'admin', adminPassword },
    auditFile: path.join(folder, 'audit.log'),
    configFile: path.join(folder, 'server.hcl'),
  }
}
