import { randomBytes } from 'node:crypto'
import { chmod, chown, mkdir, rm, writeFile } from 'node:fs/promises'
import path from 'node:path'
import type { PostgresAddress } from './addresses.ts'
import type { Installed } from './install-components.ts'
import type { LocalPlan } from './local-component.ts'
import { postgresIdentity } from './postgres-identity.ts'
import { probePostgres } from './probe-postgres.ts'
import { runCommand } from './run-command.ts'

export function newPostgresAddress(port: number): PostgresAddress {
  return {
    host: '127.0.0.1',
    port,
    database: 'app',
    adminUser: 'curfew_admin',
    adminPassword: randomBytes(18).toString('base64url'),
    probeUser: 'curfew_probe',
    probePassword: randomBytes(18).toString('base64url'),
  }
}

export async function planPostgres(installed: Installed, folder: string, address: PostgresAddress): Promise<LocalPlan> {
  const identity = postgresIdentity()
  const dataDir = path.join(folder, 'data')
  await mkdir(folder, { recursive: true })
  if (identity) await chown(folder, identity.uid, identity.gid)
  await chmod(folder, 0o700)
  await initialise(installed, folder, dataDir, address)
  const settings = [
    `port=${address.port}`,
    'listen_addresses=127.0.0.1',
    'unix_socket_directories=',
    'max_connections=100',
  ]
  return {
    name: 'postgres',
    launch: {
      command: path.join(installed.postgresBin, 'postgres'),
      args: ['-D', dataDir, ...settings.flatMap(setting => ['-c', setting])],
      folder,
      logFile: path.join(folder, 'postgres.log'),
      identity,
      endSignal: 'SIGQUIT',
    },
    probe: () => probePostgres({ ...address, database: 'postgres' }),
  }
}

async function initialise(
  installed: Installed,
  folder: string,
  dataDir: string,
  address: PostgresAddress,
): Promise<void> {
  const identity = postgresIdentity()
  const passwordFile = path.join(folder, 'password')
  await writeFile(passwordFile, address.adminPassword, { mode: 0o600 })
  if (identity) await chown(passwordFile, identity.uid, identity.gid)
  const login = ['--username', address.adminUser, '--pwfile', passwordFile, '--auth', 'scram-sha-256']
  const args = ['-D', dataDir, ...login, '--encoding', 'UTF8', '--locale', 'C', '--no-sync']
  await runCommand({ command: path.join(installed.postgresBin, 'initdb'), args, identity }, { cwd: folder })
  await rm(passwordFile)
}
