import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Credential } from '../../services/pipeline/ports.ts'
import { type AwsEmulator, awsEmulator } from '../support/aws-world.ts'
import { sharedStack } from '../support/stack.ts'
import { storeContract } from './store-contract.ts'

const policy = (Action: string) => ({
  Version: '2012-10-17',
  Statement: [{ Effect: 'Allow', Action, Resource: '*' }],
})
const never = 'arn:aws:secretsmanager:eu-central-1:000000000000:secret:nobody-made-this-a1B2c3'
const secretOf = (handle: string): Credential => ({ kind: 'aws.secret', handle })

// Seen on an emulator only (ministack 1.5.33, signatures checked, IAM policies with tag conditions enforced).
storeContract({
  name: 'AWS Secrets Manager',
  make: async () => {
    const aws = await awsEmulator((await sharedStack()).addresses)
    return {
      store: await aws.open(),
      issue: async () => {
        const { arn, value } = await aws.secret()
        return { credential: secretOf(arn), value, opens: () => aws.readable(arn, value) }
      },
      unknown: secretOf(never),
      unreachable: await aws.open({ endpoint: 'http://127.0.0.1:9' }),
      refused: await aws.open({}, await aws.user(policy('secretsmanager:DescribeSecret'))),
      missingPath: 'needs secretsmanager:DeleteSecret on agent/',
      close: aws.close,
    }
  },
})

describe('AWS Secrets Manager, what is not ours and what cannot be ended', () => {
  let aws: AwsEmulator
  beforeAll(async () => {
    aws = await awsEmulator((await sharedStack()).addresses)
  })
  afterAll(() => aws?.close())

  it.each([
    ['no tag', {}, {}, 'no tag "curfew-session"'],
    ['an empty tag', { 'curfew-session': '' }, {}, 'no tag "curfew-session"'],
    ['another prefix', { 'curfew-session': 's' }, { mark: { namePrefix: 'session/' } }, 'its name is not session/...'],
  ])('a secret with %s is impossible at the probe and at the step, and untouched', async (_, tags, config, why) => {
    const { arn, value } = await aws.secret(tags)
    // Root may do everything: only the store's own check protects it.
    const { accessKeyId, secretAccessKey } = await aws.user(policy('secretsmanager:*'))
    const store = await aws.open(config, { accessKeyId, secretAccessKey })
    const reason = expect.stringMatching(`^not made for a session \\(${why}.*needs rotation$`)
    expect(await store.probe(secretOf(arn), 'kill')).toEqual({ state: 'impossible', reason })
    expect(await store.revoke(secretOf(arn), 'kill')).toEqual({ state: 'impossible', reason })
    expect(await aws.readable(arn, value)).toBe(true)
  })

  it('the policy alone protects what is not tagged, and lets Curfew read no value', async () => {
    const { arn, value } = await aws.secret({})
    const store = await aws.open({ mark: { tag: 'aws-would-not-know' } })
    await aws.call('TagResource', { SecretId: arn, Tags: [{ Key: 'aws-would-not-know', Value: 'x' }] })
    const step = await store.revoke(secretOf(arn), 'kill')
    expect(step).toMatchObject({ state: 'failed', problem: { code: 'permission' } })
    await expect(aws.callAs(aws.own, 'DescribeSecret', { SecretId: arn })).resolves.toMatchObject({ ARN: arn })
    for (const marked of [arn, (await aws.secret()).arn])
      await expect(aws.callAs(aws.own, 'GetSecretValue', { SecretId: marked })).rejects.toThrow('AccessDenied')
    expect(await aws.readable(arn, value)).toBe(true)
  })

  it('a secret whose deletion is scheduled is alive: it can be restored', async () => {
    const { arn, value } = await aws.secret()
    await aws.call('DeleteSecret', { SecretId: arn, RecoveryWindowInDays: 7 })
    const store = await aws.open()
    expect(await store.probe(secretOf(arn), 'kill')).toMatchObject({ state: 'alive' })
    await aws.call('RestoreSecret', { SecretId: arn })
    expect(await aws.readable(arn, value)).toBe(true)
    await aws.call('DeleteSecret', { SecretId: arn, RecoveryWindowInDays: 7 })
    expect(await store.revoke(secretOf(arn), 'kill')).toEqual({ state: 'claimed' })
    expect(await store.probe(secretOf(arn), 'kill')).toEqual({ state: 'dead', evidence: 'target' })
  })

  it('a replica is impossible, and named by the region of its primary', async () => {
    const { arn } = await aws.secret()
    await aws.call('ReplicateSecretToRegions', { SecretId: arn, AddReplicaRegions: [{ Region: 'eu-west-1' }] })
    const replica = arn.replace('eu-central-1', 'eu-west-1')
    const store = await aws.open({ region: 'eu-west-1' })
    const reason = expect.stringContaining('only its primary in eu-central-1')
    expect(await store.probe(secretOf(replica), 'kill')).toEqual({ state: 'impossible', reason })
    expect(await store.revoke(secretOf(replica), 'kill')).toEqual({ state: 'impossible', reason })
  })

  it('says at registration what it can never end', async () => {
    const store = await aws.open()
    const { arn, version } = await aws.secret()
    const shared: Credential = { kind: 'aws.secret-version', handle: `${arn}#${version}` }
    expect(store.impossible(shared)).toBe('needs rotation: a version of a shared secret')
    expect(store.impossible(secretOf(arn))).toBeUndefined()
    expect(store.impossible(secretOf('agent/name-only'))).toContain('not the full ARN')
    expect(store.impossible(secretOf(arn.slice(0, -7))), 'a partial ARN may name a later secret').toContain('full ARN')
    expect(store.impossible(secretOf(arn.replace('eu-central-1', 'eu-west-1')))).toContain('is in eu-west-1')
    expect(store.impossible(secretOf(arn.replace('000000000000', '123456789012')))).toContain('account 123456789012')
  })

  it.each([
    ['a wrong key', { accessKeyId: 'AKIANOBODY', secretAccessKey: 'x' }, 'UnrecognizedClientException'],
    ['a wrong secret', undefined, 'InvalidSignatureException'],
  ])('%s is about us, never about the secret', async (_, keys, name) => {
    const store = await aws.open({}, keys ?? { ...aws.own, secretAccessKey: 'not it' })
    const { arn } = await aws.secret()
    expect(await store.probe(secretOf(arn), 'kill')).toMatchObject({
      state: 'unknown',
      problem: { code: 'permission', detail: expect.stringContaining(name) },
    })
  })
})
