import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, beforeEach } from 'vitest'
import { type SecretConfig, secretConfig } from '../../schemas/secrets.ts'
import type { Keeper } from '../../services/pipeline/keeper-port.ts'
import { type AwsAction, type AwsAnswer, type AwsSecret, awsActions, awsError, newSecret } from './aws-versions.ts'
import { awsStores } from './aws-world.ts'
import { standInKeys } from './lying-aws-world.ts'
import { sharedStack } from './stack.ts'
import { until } from './until.ts'

/** How AWS, or whoever stands before it, does not do as it should. */
type Lies = {
  /** Answered with this, and nothing was done. */
  instead?: Partial<Record<AwsAction, AwsAnswer>>
  /** Done, and never answered. */
  silentAfter?: AwsAction
  /** Somebody else's doing, just before the call is done. */
  before?: Partial<Record<AwsAction, (secret: AwsSecret) => void>>
}
type Called = { action: AwsAction; input: Record<string, unknown> }

export const keptIn = (name: string, keeper: object = {}): SecretConfig =>
  secretConfig.parse({
    id: 'mcp-key',
    tenant: 'acme',
    keeper: { store: 'aws-rotator', name, ...keeper },
    issuer: { store: 'mcp-keys', kind: 'api.key' },
  })

/** A partial ARN too, as AWS does it. */
const isNamed = ({ arn, name }: AwsSecret, id: string) => [arn, name, arn.slice(0, -7)].includes(id)

const startStandIn = async () => {
  const world = { secrets: new Map<string, AwsSecret>(), calls: [] as Called[], lies: {} as Lies }
  const answer = (action: AwsAction, input: Record<string, unknown>): AwsAnswer => {
    const { instead, before } = world.lies
    const secret = [...world.secrets.values()].find(one => isNamed(one, String(input.SecretId)))
    if (!secret) return awsError('ResourceNotFoundException')
    before?.[action]?.(secret)
    return instead?.[action] ?? awsActions[action](secret, input)
  }
  const handle = async (request: IncomingMessage, response: ServerResponse) => {
    let body = ''
    for await (const chunk of request) body += chunk
    const action = String(request.headers['x-amz-target']).replace('secretsmanager.', '') as AwsAction
    const input = JSON.parse(body) as Record<string, unknown>
    world.calls.push({ action, input })
    const { status, body: answered } = answer(action, input)
    if (world.lies.silentAfter === action) return
    response.writeHead(status, { 'content-type': 'application/x-amz-json-1.1' }).end(JSON.stringify(answered))
  }
  const server = createServer((request, response) => void handle(request, response))
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  return {
    world,
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () =>
      new Promise<void>(resolve => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

/** The keeper in front of the stand-in: one for the file, honest again before each test. A native rotation that is silent for a second is stuck. */
export const useAwsKeeper = () => {
  const use = {} as {
    keeper: Keeper
    calls: Called[]
    lies: Lies
    writes(): AwsAction[]
    secret(value?: string): AwsSecret
  }
  let standIn: Awaited<ReturnType<typeof startStandIn>>
  let stores: Awaited<ReturnType<typeof awsStores>>
  beforeAll(async () => {
    stores = await awsStores((await sharedStack()).addresses.redisUrl)
    standIn = await startStandIn()
    const config = { endpoint: standIn.endpoint, timeoutMs: 300, rotate: true, rotateWithinMs: 1_000 }
    const { keeper } = await stores.open(standInKeys, config)
    if (!keeper) throw new Error('it keeps nothing')
    use.keeper = keeper
    use.calls = standIn.world.calls
    use.lies = standIn.world.lies
    use.writes = () =>
      use.calls.map(one => one.action).filter(action => !['DescribeSecret', 'GetSecretValue'].includes(action))
    use.secret = (value = JSON.stringify({ url: 'kept as it is', value: 'old', handle: 'h-old' })) => {
      const made = newSecret(value)
      standIn.world.secrets.set(made.arn, made)
      return made
    }
  })
  afterAll(async () => {
    await stores?.close()
    await standIn?.close()
  })
  beforeEach(async () => {
    for (const name of Object.keys(use.lies)) delete use.lies[name as keyof Lies]
    const { name } = use.secret()
    // A pause or a silence of an earlier test is over, for looks and for writes.
    await until('the store may be asked', async () => !('problem' in (await use.keeper.read(keptIn(name)))))
    const version = { value: 'v', handle: 'h', rotation: crypto.randomUUID(), attempt: 1 }
    await until('the store may be told', async () => 'keeperVersion' in (await use.keeper.stage(keptIn(name), version)))
    use.calls.length = 0
  })
  return use
}
