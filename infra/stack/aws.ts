import { randomBytes } from 'node:crypto'
import { adminLogin } from '../aws/provision.ts'
import type { AwsAddress } from './addresses.ts'
import type { Installed } from './install-components.ts'
import type { LocalPlan } from './local-component.ts'
import { requirePythonToRun } from './prerequisites.ts'
import { probeAws } from './probe-aws.ts'

export const newAwsAddress = (port: number): AwsAddress => ({
  endpoint: `http://127.0.0.1:${port}`,
  region: 'eu-central-1',
  accountId: '000000000000',
  adminAccessKeyId: `AKIA${randomBytes(8).toString('hex').toUpperCase()}`,
  adminSecretAccessKey: randomBytes(20).toString('hex'),
  pipelineAccessKeyId: '',
  pipelineSecretAccessKey: '',
  rotatorAccessKeyId: '',
  rotatorSecretAccessKey: '',
})

/**
 * ministack, an emulator of AWS. It keeps everything in memory (`PERSIST_STATE` writes only at a polite end): after kill -9
 * it comes back empty, with neither secrets nor IAM users.
 */
export async function planAws(installed: Installed, folder: string, address: AwsAddress): Promise<LocalPlan> {
  await requirePythonToRun()
  const { port } = new URL(address.endpoint)
  return {
    name: 'aws',
    launch: {
      command: 'python3',
      // Without `site`: only the pinned packages, whatever else is installed for this Python (it would talk to Docker if it could).
      args: ['-S', '-m', 'ministack'],
      folder,
      logFile: `${folder}/aws.log`,
      // The pid file that it leaves in TMPDIR goes with the folder.
      env: { ...pythonSettings(installed), TMPDIR: folder, GATEWAY_PORT: port, ...ministackSettings(address) },
      endSignal: 'SIGKILL',
    },
    probe: () => probeAws(adminLogin(address)),
  }
}

/** Compiled once, beside the packages: without that each start takes a second of a core. */
const pythonSettings = ({ ministack }: Installed) => ({ PYTHONPATH: ministack, PYTHONDONTWRITEBYTECODE: '' })

/** It binds 0.0.0.0 unless told otherwise, and its IoT listener 0.0.0.0:8883 whatever it is told: that one is switched off. */
const ministackSettings = (address: AwsAddress): Record<string, string> => ({
  BIND_HOST: '127.0.0.1',
  IOT_MTLS_ENABLED: '0',
  SFTP_ENABLED: '0',
  SERVICES: 'secretsmanager,iam,sts',
  // Signatures are checked and IAM policies enforced.
  AUTH: 'true',
  MINISTACK_REGION: address.region,
  MINISTACK_ACCOUNT_ID: address.accountId,
  AWS_ACCESS_KEY_ID: address.adminAccessKeyId,
  AWS_SECRET_ACCESS_KEY: address.adminSecretAccessKey,
  AWS_SESSION_TOKEN: '',
})
