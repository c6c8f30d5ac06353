import { mkdir } from 'node:fs/promises'
import path from 'node:path'
import type { Installed } from './install-components.ts'
import type { LocalPlan } from './local-component.ts'
import { probeRedis } from './probe-redis.ts'

export async function planRedis(installed: Installed, folder: string, port: number): Promise<LocalPlan> {
  const dataDir = path.join(folder, 'data')
  await mkdir(dataDir, { recursive: true })
  return {
    name: 'redis',
    launch: {
      command: installed.redis,
      args: [...['--bind', '127.0.0.1', '--port', String(port), '--dir', dataDir], ...redisSettings],
      folder,
      logFile: path.join(folder, 'redis.log'),
      endSignal: 'SIGKILL',
    },
    probe: () => probeRedis(`redis://127.0.0.1:${port}`),
  }
}

export const redisSettings = [
  ...['--appendonly', 'yes', '--appendfsync', 'everysec', '--save', '60', '1'],
  ...['--maxmemory-policy', 'noeviction', '--enable-debug-command', 'local'],
]
