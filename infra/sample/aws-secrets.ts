import { randomUUID } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { z } from 'zod'
import type { awsStoreConfig } from '../../schemas/store-aws.ts'
import { adminLogin } from '../aws/provision.ts'
import { callSecrets } from '../aws/signed-call.ts'
import type { StackAddresses } from '../stack/addresses.ts'
import type { Tried } from './doors.ts'
import type { SampleCredential } from './issuer.ts'

export type SampleSecrets = {
  /** A secret that holds this credential, made and tagged for a session. */
  holding(session: string, inner: SampleCredential, options?: SecretOptions): Promise<SampleCredential>
  /** A version of a secret that many share. */
  sharedVersion(inner: SampleCredential): Promise<SampleCredential>
}
type SecretOptions = {
  /** False: made for nobody, without the tag. */
  tagged?: boolean
  /** False: its grant does not say what it holds. */
  tellInside?: boolean
}

/** The store as Curfew is told of it, with Curfew's own keys in files. */
export const sampleAwsStore = ({ aws }: StackAddresses, dir: string): z.input<typeof awsStoreConfig> => {
  const file = (name: string, text: string) => {
    writeFileSync(join(dir, name), text, { mode: 0o600 })
    return join(dir, name)
  }
  return {
    id: 'aws-local',
    kind: 'aws-secrets-manager',
    region: aws.region,
    accountId: aws.accountId,
    endpoint: aws.endpoint,
    accessKeyIdFile: file('aws-access-key-id', aws.pipelineAccessKeyId),
    secretAccessKeyFile: file('aws-secret-access-key', aws.pipelineSecretAccessKey),
    propagationMs: 1_000,
  }
}

/** An agent platform that keeps credentials in Secrets Manager. It knows AWS, and nothing of Curfew's inside. */
export const sampleSecrets = ({ aws }: StackAddresses): SampleSecrets => {
  const admin = adminLogin(aws)
  const make = async (inner: SampleCredential, tags: Record<string, string>) => {
    const made = await callSecrets(admin, 'CreateSecret', {
      Name: `agent/${randomUUID()}`,
      SecretString: JSON.stringify(inner.values),
      Tags: Object.entries(tags).map(([Key, Value]) => ({ Key, Value })),
    })
    return { arn: String(made.ARN), version: String(made.VersionId) }
  }
  const read = async (arn: string) => {
    try {
      return JSON.parse(
        String((await callSecrets(admin, 'GetSecretValue', { SecretId: arn })).SecretString),
      ) as string[]
    } catch (error) {
      return /(ResourceNotFound|InvalidRequest)Exception/.test(String(error)) ? 'gone' : 'no answer'
    }
  }
  const credential = (grant: SampleCredential['grant'], arn: string, inner: SampleCredential): SampleCredential => {
    const attempt = holder(() => read(arn), inner)
    return { grant, values: inner.values, use: async () => (await attempt()).seen, try: attempt }
  }
  return {
    holding: async (session, inner, { tagged = true, tellInside = true } = {}) => {
      const { arn } = await make(inner, tagged ? { 'curfew-session': session } : { team: 'somebody' })
      const { store = 'vault-local', kind, handle, target } = inner.grant
      const inside = { store, kind, handle, ...(target === undefined ? {} : { target }) }
      const grant = { store: 'aws-local', kind: 'aws.secret', handle: arn, renewable: false } as const
      return credential({ ...grant, ...(tellInside ? { inside } : {}) }, arn, inner)
    },
    sharedVersion: async inner => {
      const { arn, version } = await make(inner, { team: 'everybody' })
      const handle = `${arn}#${version}`
      const grant = { store: 'aws-local', kind: 'aws.secret-version', handle, renewable: false } as const
      return credential(grant, arn, inner)
    },
  }
}

/**
 * Reads the secret and uses what is inside at its own door. The honest holder of a stolen secret: what he once read he keeps,
 * and goes on using it when the secret is gone. Refused is only what the door refuses.
 */
const holder = (read: () => Promise<string[] | 'gone' | 'no answer'>, inner: SampleCredential) => {
  let kept: string[] | undefined
  return async (): Promise<Tried> => {
    const values = await read()
    if (typeof values === 'object') kept = values
    const said = typeof values === 'object' ? 'read' : values
    const call = `GetSecretValue: ${said}${said !== 'read' && kept ? ', the kept value used' : ''}`
    if (kept === undefined) return { seen: 'unknown', call, answer: 'nothing to use' }
    if (!kept.every(value => inner.values.includes(value))) return { seen: 'unknown', call, answer: 'another value' }
    const tried = await inner.try()
    return { ...tried, call: `${call}, ${tried.call}` }
  }
}
