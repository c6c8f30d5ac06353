import { Redis } from 'ioredis'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { adminLogin, containerPolicy, makeUser } from '../../infra/aws/provision.ts'
import { type SampleRole, sampleRole } from '../../infra/sample/role-sessions.ts'
import type { AwsAddress } from '../../infra/stack/addresses.ts'
import { awsStsStoreConfig } from '../../schemas/store-aws-sts.ts'
import type { Store } from '../../services/pipeline/ports.ts'
import { openStore } from '../../services/stores/registry.ts'
import { fileIn } from '../support/file-in.ts'
import { sharedStack } from '../support/stack.ts'
import { until } from '../support/until.ts'

// The emulator ministack 1.5.33 answers for IAM and STS, and enforces inline policies with aws:userid and aws:TokenIssueTime.
let aws: AwsAddress
let role: SampleRole
let redis: Redis
const files = fileIn('curfew-sts-')
const stores: Store[] = []
const opened = async (changes: Record<string, unknown> = {}): Promise<Store> => {
  const keys = await makeUser(adminLogin(aws), await containerPolicy())
  const store = openStore(
    awsStsStoreConfig.parse({
      id: 'agent-roles',
      kind: 'aws-sts',
      accountId: aws.accountId,
      endpoint: aws.endpoint,
      accessKeyIdFile: files.write(keys.accessKeyId),
      secretAccessKeyFile: files.write(keys.secretAccessKey),
      roles: [role.role],
      budget: { callsPerSecond: 200, burst: 100, inFlight: 16 },
      ...changes,
    }),
    {
      redis,
      redisPrefix: `test-${process.pid}`,
      log: () => undefined,
      sealing: { seal: () => ({ id: '', blob: '' }), open: () => undefined },
    },
  )
  stores.push(store)
  return store
}
beforeAll(async () => {
  const { addresses } = await sharedStack()
  aws = addresses.aws
  redis = new Redis(addresses.redisUrl)
  role = await sampleRole(aws)
})
afterAll(async () => {
  for (const store of stores) await store.close()
  await redis?.quit()
  files.remove()
})

const contain = (store: Store, { handle, expiresAt }: { handle: string; expiresAt: number }) =>
  store.contain?.({ kind: 'aws.sts-session', handle }, { expiresAt, compromised: false, known: false }, 'kill')

it('one session is refused everything, and no other: not another name, not the same name issued at another time', async () => {
  const store = await opened({ issuedWithinMs: 0 })
  const due = await role.assume('run-1')
  const neighbour = await role.assume('run-10')
  const issuedIn = (handle: string) => handle.split('@').at(-1)
  const again = await until('a later session of the same name', async () => {
    const made = await role.assume('run-1')
    return issuedIn(made.handle) === issuedIn(due.handle) ? undefined : made
  })
  for (const one of [due, neighbour, again]) expect(await one.reads()).toBe('accepted')

  const result = await contain(store, due)
  expect(result).toMatchObject({ state: 'contained', exposedUntil: due.expiresAt })
  expect(await due.reads()).toBe('refused')
  for (const one of [neighbour, again]) expect(await one.reads()).toBe('accepted')
  // Again it changes nothing, from another process too.
  const before = await role.policies()
  expect(await contain(await opened({ issuedWithinMs: 0 }), due)).toMatchObject({ state: 'contained' })
  expect(await role.policies()).toEqual(before)
  // What others wrote is as it was.
  expect(before).toHaveLength(2)
  expect(await role.policy('app')).toBe(role.own)

  expect(await store.release?.({ kind: 'aws.sts-session', handle: due.handle }, 'probe')).not.toHaveProperty('problem')
  expect(await store.release?.({ kind: 'aws.sts-session', handle: due.handle }, 'probe')).not.toHaveProperty('problem')
  expect(await role.policies()).toEqual(['app'])
})

it('many at once are all contained: each has a policy of its own', async () => {
  const store = await opened()
  const sessions = await Promise.all(Array.from({ length: 8 }, (_, at) => role.assume(`many-${at}`)))
  const results = await Promise.all(sessions.map(one => contain(store, one)))
  expect(results.map(one => one?.state)).toEqual(sessions.map(() => 'contained'))
  for (const one of sessions) expect(await one.reads()).toBe('refused')
  const full = await contain(await opened({ mostContained: 4 }), await role.assume('one-more'))
  expect(full).toMatchObject({ state: 'failed', problem: { detail: expect.stringContaining('8 contained sessions') } })
})

it('a role that is not listed, another account and a handle without its time are never touched, and a missing right is named', async () => {
  const other = await sampleRole(aws, 'agents-of-others')
  const session = await other.assume('run-1')
  const store = await opened()
  const why = (handle: string) => store.impossible({ kind: 'aws.sts-session', handle })
  expect(why(session.handle)).toContain('not one of this store')
  expect(why(session.handle.replace(aws.accountId, '999999999999'))).toContain('account 999999999999')
  expect(why(session.handle.split('@')[0] ?? '')).toContain('time of issue')
  // Outside of what the policy allows.
  const wider = await opened({ roles: ['agents-of-others'] })
  expect(await contain(wider, session)).toMatchObject({
    state: 'failed',
    problem: { code: 'permission', detail: 'needs iam:GetRole on role agents-of-others' },
  })
  expect(await session.reads()).toBe('accepted')
})
