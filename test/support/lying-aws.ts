import { randomUUID } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo } from 'node:net'

/**
 * A STAND-IN for AWS Secrets Manager, for what the emulator does not do and AWS does (its documentation says so; none of it was
 * seen at AWS). It speaks only what the store asks: DescribeSecret, RemoveRegionsFromReplication, DeleteSecret.
 */
export type AwsLies = {
  /** How DeleteSecret behaves; `later`: answered at once, gone after `deleteMs`; `raced`: another was faster, and the tag is gone with it. */
  delete?: 'honest' | 'without-effect' | 'later' | 'raced'
  deleteMs?: number
  /** How long a replica stays after its removal was asked for. */
  removeMs?: number
  /** The next answer to every call of this action. */
  fail?: Partial<Record<Action, { status: number; type?: string; message?: string; raw?: string }>>
  /** Never answers. */
  silent?: boolean
  /** The connection is closed instead of an answer. */
  hangUp?: boolean
  /** More of DescribeSecret's answer. */
  describe?: Record<string, unknown>
}
type Action = 'DescribeSecret' | 'RemoveRegionsFromReplication' | 'DeleteSecret'
type Secret = { tags: { Key: string; Value: string }[]; replicas: Map<string, number>; goneAt: number }
type World = { lies: AwsLies; secrets: Map<string, Secret>; calls: Action[]; signers: string[]; connections: number }
type Answer = { status: number; body: string; type?: string }

export type LyingAws = Awaited<ReturnType<typeof lyingAws>>

export const lyingAws = async (lies: AwsLies = {}, tls?: { key: string; cert: string }) => {
  const world: World = { lies, secrets: new Map(), calls: [], signers: [], connections: 0 }
  const serve = (request: IncomingMessage, response: ServerResponse) => void handle(world, request, response)
  const server = tls ? createTlsServer(tls, serve) : createServer(serve)
  server.on('connection', () => {
    world.connections += 1
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  return {
    endpoint: `${tls ? 'https' : 'http'}://127.0.0.1:${(server.address() as AddressInfo).port}`,
    lies,
    calls: world.calls,
    connections: () => world.connections,
    /** Whose key signed each call. */
    signers: () => world.signers,
    secret: (more: { tags?: Record<string, string>; replicas?: string[] } = {}) => {
      const arn = `arn:aws:secretsmanager:eu-central-1:123456789012:secret:agent/${randomUUID()}-a1B2c3`
      const tags = Object.entries(more.tags ?? { 'curfew-session': 's' }).map(([Key, Value]) => ({ Key, Value }))
      const replicas = new Map((more.replicas ?? []).map(region => [region, Number.POSITIVE_INFINITY]))
      world.secrets.set(arn, { tags, replicas, goneAt: Number.POSITIVE_INFINITY })
      return arn
    },
    /** Is it there at this moment, whatever was answered? */
    there: (arn: string) => find(world, arn) !== undefined,
    close: () =>
      new Promise<void>(resolve => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

const handle = async (world: World, request: IncomingMessage, response: ServerResponse): Promise<void> => {
  let text = ''
  for await (const chunk of request) text += chunk
  const action = String(request.headers['x-amz-target']).replace('secretsmanager.', '') as Action
  world.calls.push(action)
  world.signers.push(/Credential=([^/]+)/.exec(request.headers.authorization ?? '')?.[1] ?? '')
  if (world.lies.silent) return
  if (world.lies.hangUp) return void request.socket.destroy()
  const fail = world.lies.fail?.[action]
  const answer = fail ? failed(fail) : route(world, action, JSON.parse(text) as Record<string, unknown>)
  response.writeHead(answer.status, { 'content-type': answer.type ?? 'application/x-amz-json-1.1' })
  response.end(answer.body)
}

const failed = ({
  status,
  type = '',
  message = 'told by the stand-in',
  raw,
}: NonNullable<NonNullable<AwsLies['fail']>[Action]>): Answer =>
  raw === undefined
    ? { status, body: JSON.stringify({ __type: type, Message: message, message }) }
    : { status, body: raw, type: 'text/html' }
const ok = (body: object): Answer => ({ status: 200, body: JSON.stringify(body) })

const find = ({ secrets }: World, arn: string): Secret | undefined => {
  const secret = secrets.get(arn)
  if (!secret || performance.now() >= secret.goneAt) return undefined
  for (const [region, goneAt] of secret.replicas) if (performance.now() >= goneAt) secret.replicas.delete(region)
  return secret
}

const route = (world: World, action: Action, input: Record<string, unknown>): Answer => {
  const arn = String(input.SecretId)
  const secret = find(world, arn)
  if (!secret) return failed({ status: 400, type: 'ResourceNotFoundException' })
  if (action === 'DescribeSecret') return describeSecret(world, arn, secret)
  if (action === 'RemoveRegionsFromReplication') return removeRegions(world, secret, input.RemoveReplicaRegions)
  return deleteSecret(world, arn, secret)
}

const describeSecret = ({ lies }: World, arn: string, { tags, replicas }: Secret): Answer => {
  const ReplicationStatus = [...replicas.keys()].map(Region => ({ Region, Status: 'InSync' }))
  const Name = arn.split(':').at(-1)?.slice(0, -7)
  const primary = replicas.size > 0 ? { PrimaryRegion: 'eu-central-1', ReplicationStatus } : {}
  return ok({ ARN: arn, Name, Tags: tags, ...primary, ...lies.describe })
}

const removeRegions = ({ lies }: World, { replicas }: Secret, regions: unknown): Answer => {
  for (const region of regions as string[])
    replicas.set(region, Math.min(replicas.get(region) ?? 0, performance.now() + (lies.removeMs ?? 0)))
  return ok({})
}

/** AWS does not delete a secret that still has replicas. */
const deleteSecret = ({ lies }: World, arn: string, secret: Secret): Answer => {
  if (secret.replicas.size > 0)
    return failed({ status: 400, type: 'InvalidRequestException', message: 'it still has replica regions' })
  if (lies.delete !== 'without-effect')
    secret.goneAt = Math.min(secret.goneAt, performance.now() + (lies.delete === 'later' ? (lies.deleteMs ?? 0) : 0))
  if (lies.delete === 'raced') return failed({ status: 400, type: 'AccessDeniedException' })
  return ok({ ARN: arn, DeletionDate: Date.now() / 1_000 })
}
