import { createServer, type IncomingMessage, type ServerResponse, request as send } from 'node:http'
import type { AddressInfo } from 'node:net'
import { adminLogin } from '../../infra/aws/provision.ts'
import { callSecrets } from '../../infra/aws/signed-call.ts'
import type { AwsAddress } from '../../infra/stack/addresses.ts'

export const lambdaSteps = ['createSecret', 'setSecret', 'testSecret', 'finishSecret'] as const
export type LambdaStep = (typeof lambdaSteps)[number]
type Made = { value: string; handle: string }
type Hands = {
  issue(name: string): Promise<Made>
  works(value: string): Promise<boolean>
  /** Takes the old value away, as a Lambda does that changes the one password of one user. */
  end(old: Made): unknown
}
type Version = { id: string; data: Partial<Made> & Record<string, string> }

/**
 * A STAND-IN for RotateSecret and the Lambda behind it, before the emulator (whose own RotateSecret is a stub): every other call goes on to
 * the emulator. The four steps are those of AWS's templates, each looks before it acts; the empty version under AWSPENDING is the
 * emulator's version without a value.
 */
export const startRotationLambda = async (aws: AwsAddress, hands: Hands) => {
  const admin = adminLogin(aws)
  const faults: { diesAt?: LambdaStep | undefined; endsOldFirst?: boolean } = {}
  const made: string[] = []
  const runs: string[] = []
  const call = (action: string, SecretId: string, input: object) => callSecrets(admin, action, { SecretId, ...input })
  const labels = async (id: string) =>
    Object.entries((await call('DescribeSecret', id, {})).VersionIdsToStages as Record<string, string[]>)
  const holder = async (id: string, label: string) => (await labels(id)).find(([, all]) => all.includes(label))?.[0]
  const read = async (id: string, VersionId: string): Promise<Version> => {
    const { SecretString } = await call('GetSecretValue', id, { VersionId })
    return { id: VersionId, data: JSON.parse(typeof SecretString === 'string' ? SecretString : '{}') }
  }
  const steps = {
    createSecret: async (id: string, token: string, current: Version) => {
      if ((await read(id, token)).data.value !== undefined) return
      const key = await hands.issue(`lambda-${token.slice(0, 8)}`)
      made.push(key.value)
      const SecretString = JSON.stringify({ ...current.data, ...key })
      await call('PutSecretValue', id, { ClientRequestToken: token, SecretString, VersionStages: ['AWSPENDING'] })
    },
    setSecret: async (_: string, __: string, { data }: Version) => {
      const { value = '', handle = '' } = data
      if (faults.endsOldFirst) await hands.end({ value, handle })
    },
    testSecret: async (id: string, token: string) => {
      if (!(await hands.works((await read(id, token)).data.value ?? ''))) throw new Error('the new value does not work')
    },
    finishSecret: async (id: string, token: string, current: Version) => {
      const move = { VersionStage: 'AWSCURRENT', MoveToVersionId: token, RemoveFromVersionId: current.id }
      await call('UpdateSecretVersionStage', id, move)
      await call('UpdateSecretVersionStage', id, { VersionStage: 'AWSPENDING', RemoveFromVersionId: token })
    },
  }
  const run = async (id: string, token: string) => {
    for (const step of lambdaSteps) {
      const current = (await holder(id, 'AWSCURRENT')) ?? ''
      if (current === token || (await holder(id, 'AWSPENDING')) !== token) return
      if (faults.diesAt === step) return void delete faults.diesAt
      await steps[step](id, token, await read(id, current))
    }
    runs.push(token)
  }
  const running = new Set<Promise<unknown>>()
  const rotate = async (id: string, token: string) => {
    const [pending, current] = [await holder(id, 'AWSPENDING'), await holder(id, 'AWSCURRENT')]
    if (pending !== undefined && ![current, token].includes(pending))
      return { status: 400, body: { __type: 'InvalidRequestException', message: "a previous rotation isn't complete" } }
    if (!(await labels(id)).some(([version]) => version === token))
      await call('PutSecretValue', id, { ClientRequestToken: token, VersionStages: ['AWSPENDING'] })
    const started = run(id, token).finally(() => running.delete(started))
    running.add(started)
    return { status: 200, body: { VersionId: token } }
  }
  const serve = async (request: IncomingMessage, response: ServerResponse) => {
    const body = await textOf(request)
    if (request.headers['x-amz-target'] !== 'secretsmanager.RotateSecret')
      return pass(aws.endpoint, request, body, response)
    const { SecretId, ClientRequestToken } = JSON.parse(body) as Record<string, string>
    const { status, body: answer } = await rotate(SecretId ?? '', ClientRequestToken ?? '')
    response.writeHead(status, { 'content-type': 'application/x-amz-json-1.1' }).end(JSON.stringify(answer))
  }
  const server = createServer((request, response) => void serve(request, response).catch(() => response.destroy()))
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    faults,
    /** Every value that it ever issued. */
    made,
    /** Rotations that it finished. */
    runs,
    close: async () => {
      await Promise.allSettled(running)
      await new Promise<void>(resolve => {
        server.close(() => resolve())
        server.closeAllConnections()
      })
    },
  }
}
export type RotationLambda = Awaited<ReturnType<typeof startRotationLambda>>

const textOf = async (stream: IncomingMessage) => {
  let text = ''
  for await (const chunk of stream) text += chunk
  return text
}

/** With its headers as they are: the signature is over them. */
const pass = (
  endpoint: string,
  { method = 'POST', headers }: IncomingMessage,
  body: string,
  response: ServerResponse,
) => {
  const onward = send(endpoint, { method, headers, agent: false }, answer => {
    response.writeHead(answer.statusCode ?? 502, answer.headers)
    answer.pipe(response)
  })
  onward.on('error', () => response.destroy())
  onward.end(body)
}
