import { readFileSync } from 'node:fs'
import path from 'node:path'

export type VaultServerSettings = { listen: string; address: string; clusterAddress: string; folder: string }

export function renderVaultServer(settings: VaultServerSettings): string {
  const template = readFileSync(path.join(import.meta.dirname, 'server.hcl'), 'utf8')
  const names: Record<string, string> = {
    '@LISTEN@': settings.listen,
    '@ADDRESS@': settings.address,
    '@CLUSTER_ADDRESS@': settings.clusterAddress,
    '@FOLDER@': settings.folder,
  }
  return template.replaceAll(/@[A-Z_]+@/g, name => names[name] ?? name)
}
