import { readFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { Agent as HttpAgent } from 'node:http'
import { Agent as HttpsAgent } from 'node:https'
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager'
import { NodeHttpHandler } from '@smithy/node-http-handler'
import type { AwsStoreConfig } from '../../../schemas/store-aws.ts'
import { requireSafe } from '../safe-url.ts'

export type AwsWire = {
  /** Kept connections. */
  kept: SecretsManagerClient
  /** Each call on a connection that nobody used before: what a proof is taken on. */
  fresh: SecretsManagerClient
  close(): void
}

/** The SDK without its retries: ours are the core's, with a budget. */
export const awsWire = (config: AwsStoreConfig): AwsWire => {
  const endpoint = requireSafe(config.endpoint ?? publicEndpoint(config.region)).origin
  const client = (keepAlive: boolean) =>
    new SecretsManagerClient({
      region: config.region,
      // Always given: otherwise AWS_ENDPOINT_URL or a profile could send us to what knows no secret and says "not found".
      endpoint,
      useFipsEndpoint: false,
      useDualstackEndpoint: false,
      maxAttempts: 1,
      requestHandler: awsHandler({ ...config, maxSockets: config.describeBudget.inFlight }, keepAlive),
      ...credentialsOf(config),
    })
  const [kept, fresh] = [client(true), client(false)]
  return {
    kept,
    fresh,
    close: () => {
      kept.destroy()
      fresh.destroy()
    },
  }
}

const publicEndpoint = (region: string) =>
  `https://secretsmanager.${region}.amazonaws.com${region.startsWith('cn-') ? '.cn' : ''}`

type Reach = Pick<AwsStoreConfig, 'caFile' | 'timeoutMs'> & { maxSockets: number }
export const awsHandler = ({ caFile, timeoutMs, maxSockets }: Reach, keepAlive: boolean) => {
  const limits = { keepAlive, maxSockets }
  const ca = caFile === undefined ? {} : { ca: readFileSync(caFile, 'utf8') }
  return new NodeHttpHandler({
    connectionTimeout: timeoutMs,
    requestTimeout: timeoutMs,
    // Without it a request that is over its time is only complained about on the console.
    throwOnRequestTimeout: true,
    httpAgent: new HttpAgent(limits),
    // `rejectUnauthorized`: whatever NODE_TLS_REJECT_UNAUTHORIZED says.
    httpsAgent: new HttpsAgent({ ...limits, ...ca, rejectUnauthorized: true }),
  })
}

/** Read for each call: a rotated key is used from then on. */
export const credentialsOf = ({
  accessKeyIdFile,
  secretAccessKeyFile,
}: Pick<AwsStoreConfig, 'accessKeyIdFile' | 'secretAccessKeyFile'>) => {
  if (accessKeyIdFile === undefined || secretAccessKeyFile === undefined) return {}
  const read = async (file: string) => {
    const text = await readFile(file, 'utf8').catch(() => '')
    if (text.trim() !== '') return text.trim()
    throw Object.assign(new Error(`no readable key in ${file}`), { name: 'CredentialsProviderError' })
  }
  const credentials = async () => ({
    accessKeyId: await read(accessKeyIdFile),
    secretAccessKey: await read(secretAccessKeyFile),
    // The SDK keeps what does not expire soon.
    expiration: new Date(Date.now() + 1_000),
  })
  return { credentials }
}
