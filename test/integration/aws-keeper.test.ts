import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { awsKeptSecret } from '../../infra/sample/aws-kept-secret.ts'
import type { Keeper } from '../../services/pipeline/keeper-port.ts'
import { keptIn } from '../support/aws-keeper-world.ts'
import { type AwsEmulator, awsEmulator } from '../support/aws-world.ts'
import { sharedStack } from '../support/stack.ts'

// Seen on an emulator only (ministack), under the real policy of the login that rotates.
let aws: AwsEmulator
let keeper: Keeper
beforeAll(async () => {
  aws = await awsEmulator((await sharedStack()).addresses)
  keeper = (await aws.open({ id: 'aws-rotator', rotate: true }, aws.rotator)).keeper as Keeper
})
afterAll(() => aws?.close())

const made = async () =>
  awsKeptSecret((await sharedStack()).addresses, `rotated/${randomUUID()}`, { url: 'kept as it is', value: 'first' })
const read = async (name: string) => {
  const kept = await keeper.read(keptIn(name))
  if ('problem' in kept) throw new Error(JSON.stringify(kept.problem))
  return kept
}
const version = (rotation: string, attempt = 1) => ({ value: `v${attempt}`, handle: `h${attempt}`, rotation, attempt })

it('a whole rotation, each step asked for three times: one new version, and no label on the old one', async () => {
  const secret = await made()
  const rotation = randomUUID()
  const config = keptIn(secret.name)
  const thrice = async <T>(ask: () => Promise<T>) => {
    const first = await ask()
    for (let time = 2; time <= 3; time += 1) await ask()
    return first
  }
  const before = await read(secret.name)
  expect(before).toMatchObject({ current: { value: 'first' }, staged: undefined })
  expect(await thrice(() => keeper.stage(config, version(rotation)))).toEqual({ keeperVersion: rotation })
  const { current, staged } = await read(secret.name)
  expect(staged).toEqual({ keeperVersion: rotation, value: 'v1', handle: 'h1', rotation: `${rotation}.1` })
  expect((await secret.read()).value).toBe('first')
  if (!staged) throw new Error('nothing is staged')
  expect(await thrice(() => keeper.promote(config, staged, current))).toEqual({ keeperVersion: rotation })
  const old = before.current?.keeperVersion ?? ''
  expect(await secret.labels()).toEqual({ [old]: ['AWSPREVIOUS'], [rotation]: ['AWSCURRENT'] })
  expect(await thrice(() => keeper.retire(config, rotation))).toEqual({ retired: [old] })
  expect(await keeper.retire(config, rotation)).toEqual({ retired: [] })
  const labelled = Object.entries(await secret.labels()).filter(([, labels]) => labels.length > 0)
  expect(labelled).toEqual([[rotation, ['AWSCURRENT']]])
  expect(await secret.read()).toEqual({ url: 'kept as it is', value: 'v1', handle: 'h1', rotation: `${rotation}.1` })
  await expect(secret.call('GetSecretValue', { VersionStage: 'AWSPREVIOUS' })).rejects.toThrow('ResourceNotFound')
  // AWS says the same of it: only the issuer's refusal makes it harmless.
  expect(await secret.call('GetSecretValue', { VersionId: old }), 'readable by its id').toMatchObject({
    VersionId: old,
  })
})

it('retries of a rotation make one version, and never write over what an earlier attempt wrote', async () => {
  const secret = await made()
  const rotation = randomUUID()
  for (let attempt = 1; attempt <= 10; attempt += 1)
    expect(await keeper.stage(keptIn(secret.name), version(rotation, attempt))).toEqual(
      attempt === 1 ? { keeperVersion: rotation } : { conflict: true },
    )
  const { Versions } = await secret.call('ListSecretVersionIds', { IncludeDeprecated: true })
  expect(Versions).toHaveLength(2)
  expect((await read(secret.name)).staged?.value).toBe('v1')
})

it('what a rotation that is over left under AWSPENDING is taken away, and the next one stages', async () => {
  const secret = await made()
  await secret.call('PutSecretValue', {
    ClientRequestToken: randomUUID(),
    SecretString: '{}',
    VersionStages: ['AWSPENDING'],
  })
  expect((await read(secret.name)).staged).toMatchObject({ value: '' })
  expect(await keeper.unstage(keptIn(secret.name))).toEqual({})
  const rotation = randomUUID()
  expect(await keeper.stage(keptIn(secret.name), version(rotation))).toEqual({ keeperVersion: rotation })
  expect((await read(secret.name)).staged?.keeperVersion).toBe(rotation)
})

it('its login reads and writes only what is marked, and ends nothing; the one that ends reads no value', async () => {
  const secret = await made()
  const { name: unmarked } = await aws.secret({})
  for (const [action, more] of [
    ['GetSecretValue', {}],
    ['PutSecretValue', { SecretString: '{}', ClientRequestToken: randomUUID() }],
    ['UpdateSecretVersionStage', { VersionStage: 'AWSPENDING', RemoveFromVersionId: randomUUID() }],
    ['RotateSecret', { ClientRequestToken: randomUUID() }],
  ] as const)
    await expect(aws.callAs(aws.rotator, action, { SecretId: unmarked, ...more })).rejects.toThrow('AccessDenied')
  for (const SecretId of [unmarked, secret.name])
    for (const action of ['DeleteSecret', 'TagResource', 'UntagResource'])
      await expect(
        aws.callAs(aws.rotator, action, { SecretId, Tags: [{ Key: 'curfew-rotated', Value: 'x' }], TagKeys: ['a'] }),
      ).rejects.toThrow('AccessDenied')
  await expect(aws.callAs(aws.own, 'GetSecretValue', { SecretId: secret.name })).rejects.toThrow('AccessDenied')
  expect(await keeper.read(keptIn(unmarked))).toMatchObject({
    problem: { code: 'permission', detail: `needs secretsmanager:DescribeSecret on ${unmarked}` },
  })
})

it('without `rotate` a store keeps nothing for rotations, whatever its login may do', async () => {
  expect((await aws.open({}, aws.rotator)).keeper).toBeUndefined()
})
