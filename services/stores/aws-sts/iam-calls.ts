import {
  DeleteRolePolicyCommand,
  GetRoleCommand,
  GetRolePolicyCommand,
  IAMClient,
  ListRolePoliciesCommand,
  PutRolePolicyCommand,
} from '@aws-sdk/client-iam'
import type { AwsStsStoreConfig } from '../../../schemas/store-aws-sts.ts'
import type { Problem } from '../../pipeline/errors.ts'
import type { Lane } from '../../pipeline/ports.ts'
import type { AwsCall, AwsReply } from '../aws/metered.ts'
import { awsHandler, credentialsOf } from '../aws/wire.ts'
import { requireSafe } from '../safe-url.ts'
import { parsedPolicy } from './deny-policy.ts'

export type IamAnswer<T> = { output: T } | { absent: true } | { problem: Problem }
/** The calls of IAM that containing needs, all on one role. */
export type IamCalls = {
  roleId(role: string, lane: Lane): Promise<IamAnswer<string | undefined>>
  /** Names of all its inline policies. */
  policies(role: string, lane: Lane): Promise<IamAnswer<string[]>>
  policy(role: string, name: string, lane: Lane): Promise<IamAnswer<unknown>>
  put(role: string, name: string, document: object, lane: Lane): Promise<IamAnswer<unknown>>
  remove(role: string, name: string, lane: Lane): Promise<IamAnswer<unknown>>
}

/** The SDK without its retries, never to an endpoint that the environment names. */
export const iamClient = (config: AwsStsStoreConfig): IAMClient =>
  new IAMClient({
    region: config.region,
    endpoint: requireSafe(config.endpoint ?? publicEndpoint(config.region)).origin,
    useFipsEndpoint: false,
    useDualstackEndpoint: false,
    maxAttempts: 1,
    requestHandler: awsHandler({ ...config, maxSockets: config.budget.inFlight }, true),
    ...credentialsOf(config),
  })

const publicEndpoint = (region: string): string => {
  if (region.startsWith('cn-')) return 'https://iam.cn-north-1.amazonaws.com.cn'
  return region.startsWith('us-gov-') ? 'https://iam.us-gov.amazonaws.com' : 'https://iam.amazonaws.com'
}

const longestList = 50

export const iamCalls = (call: AwsCall, client: IAMClient): IamCalls => {
  const purpose = (action: string, role: string, group: 'probe' | 'revoke', lane: Lane) =>
    ({ action, name: `role ${role}`, service: 'iam', group, lane }) as const
  return {
    roleId: async (RoleName, lane) => {
      const command = new GetRoleCommand({ RoleName })
      const reply = await call(purpose('GetRole', RoleName, 'probe', lane), abortSignal =>
        client.send(command, { abortSignal }),
      )
      return mapped(reply, ({ Role }) => Role?.RoleId)
    },
    policies: async (RoleName, lane) => {
      const names: string[] = []
      let Marker: string | undefined
      for (let page = 0; page < longestList; page += 1) {
        const command = new ListRolePoliciesCommand({ RoleName, ...(Marker === undefined ? {} : { Marker }) })
        const reply = await call(purpose('ListRolePolicies', RoleName, 'probe', lane), abortSignal =>
          client.send(command, { abortSignal }),
        )
        if (!('output' in reply)) return reply
        names.push(...(reply.output.PolicyNames ?? []))
        Marker = reply.output.Marker
        if (!reply.output.IsTruncated || Marker === undefined) return { output: names }
      }
      return { problem: { code: 'protocol', detail: `the list of ${RoleName}'s policies has no end` } }
    },
    policy: async (RoleName, PolicyName, lane) => {
      const command = new GetRolePolicyCommand({ RoleName, PolicyName })
      const reply = await call(purpose('GetRolePolicy', RoleName, 'probe', lane), abortSignal =>
        client.send(command, { abortSignal }),
      )
      return mapped(reply, ({ PolicyDocument }) => parsedPolicy(PolicyDocument))
    },
    put: (RoleName, PolicyName, document, lane) => {
      const command = new PutRolePolicyCommand({ RoleName, PolicyName, PolicyDocument: JSON.stringify(document) })
      return call(purpose('PutRolePolicy', RoleName, 'revoke', lane), abortSignal =>
        client.send(command, { abortSignal }),
      )
    },
    remove: (RoleName, PolicyName, lane) => {
      const command = new DeleteRolePolicyCommand({ RoleName, PolicyName })
      return call(purpose('DeleteRolePolicy', RoleName, 'revoke', lane), abortSignal =>
        client.send(command, { abortSignal }),
      )
    },
  }
}

const mapped = <T, R>(reply: AwsReply<T>, of: (output: T) => R): IamAnswer<R> =>
  'output' in reply ? { output: of(reply.output) } : reply
