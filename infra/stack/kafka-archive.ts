import type { Installed } from './install-components.ts'

export async function kafkaArchiveFlags(_installed: Installed, _cacheFolder: string): Promise<string[]> {
  return []
}
