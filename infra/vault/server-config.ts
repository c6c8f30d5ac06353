import { readFileSync } from 'node:fs'
import path from 'node:path'

export type VaultServerSettings = {
  listen: string
  address: string
  clusterAddress: string
  dataDir: string
  auditFile: string
  sealKeyFile: string
  certFile: string
  keyFile: string
}

export function renderVaultServer(settings: VaultServerSettings): string {
  const template = readFileSync(path.join(import.meta.dirname, 'server.hcl'), 'utf8')
  const names: Record<string, string> = {
    '@LISTEN@': settings.listen,
    '@ADDRESS@': settings.address,
    '@CLUSTER_ADDRESS@': settings.clusterAddress,
    '@DATA_DIR@': settings.dataDir,
    '@AUDIT_FILE@': settings.auditFile,
    '@SEAL_KEY_FILE@': settings.sealKeyFile,
    '@CERT_FILE@': settings.certFile,
    '@KEY_FILE@': settings.keyFile,
  }
  return template.replaceAll(/@[A-Z_]+@/g, name => names[name] ?? name)
}
