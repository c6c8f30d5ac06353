import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { secretConfig } from '../../schemas/secrets.ts'
import { awsStoreConfig } from '../../schemas/store-aws.ts'
import { learnedEvent } from '../../services/learn/audit-events.ts'
import { cloudTrailRules, readCloudTrail } from '../../services/learn/cloudtrail-record.ts'

type Json = Record<string, unknown>
const arn = 'arn:aws:secretsmanager:eu-central-1:111122223333:secret:agents/run-1-AbCdEf'
const standing = (id: string, name: string) =>
  secretConfig.parse({ id, tenant: 'acme', keeper: { store: 'aws', name }, issuer: { store: 'keys', kind: 'api.key' } })
const rulesWith = (learn: Json = {}, names: string[] = []) => {
  const config = awsStoreConfig.parse({
    id: 'aws',
    kind: 'aws-secrets-manager',
    region: 'eu-central-1',
    accountId: '111122223333',
    learn: {
      principal: 'p',
      topic: 't',
      roles: ['agent'],
      sessionName: '^(?<session>[^@]+)(@(?<task>.+))?$',
      secrets: ['agents/*', 'shared/key'],
      sessionStart: {},
      ...learn,
    },
  })
  if (!config.learn) throw new Error('no learn')
  return cloudTrailRules(
    config,
    config.learn,
    names.map((name, at) => standing(`s${at}`, name)),
  )
}
const rules = rulesWith()

/** The documented shape of a management event as EventBridge delivers it; written by us. */
const delivered = (eventName: string, change: Json = {}, identity: Json = {}): Json => ({
  version: '0',
  id: 'e1',
  'detail-type': 'AWS API Call via CloudTrail',
  source: 'aws.secretsmanager',
  account: '111122223333',
  region: 'eu-central-1',
  detail: {
    eventVersion: '1.09',
    userIdentity: {
      type: 'AssumedRole',
      principalId: 'AROAEXAMPLE:run-1@build',
      arn: 'arn:aws:sts::111122223333:assumed-role/agent/run-1@build',
      accountId: '111122223333',
      sessionContext: { sessionIssuer: { type: 'Role', userName: 'agent' } },
      ...identity,
    },
    eventTime: '2026-11-25T21:00:00Z',
    eventSource: 'secretsmanager.amazonaws.com',
    eventName,
    awsRegion: 'eu-central-1',
    requestParameters: { secretId: arn },
    responseElements: null,
    eventID: '7f3b8b0e-1111-2222-3333-444455556666',
    readOnly: eventName === 'GetSecretValue',
    ...change,
  },
})

describe('a role session and the secrets that it made or read', () => {
  it('made: a secret of its own', () => {
    const made = delivered('CreateSecret', { responseElements: { arn } })
    expect(readCloudTrail(rules, made)).toMatchObject([
      { kind: 'aws.secret', handle: arn, session: 'run-1', task: 'build', at: Date.parse('2026-11-25T21:00:00Z') },
    ])
  })

  it('read: a version of a shared secret, by ARN or by name, the current one where none is named', () => {
    const handles = (change: Json) =>
      readCloudTrail(rules, delivered('GetSecretValue', change)).map(one => one.says === 'granted' && one.handle)
    expect(handles({})).toEqual([`${arn}#AWSCURRENT`])
    // Never a secret of the session's own: that is deleted.
    expect(readCloudTrail(rules, delivered('GetSecretValue'))).toMatchObject([{ kind: 'aws.secret-version' }])
    expect(handles({ requestParameters: { secretId: 'shared/key', versionId: 'v-1' } })).toEqual(['shared/key#v-1'])
    expect(handles({ requestParameters: { secretId: 'agents/x', versionStage: 'AWSPREVIOUS' } })).toEqual([
      'agents/x#AWSPREVIOUS',
    ])
  })

  it('of the registry: known by its name or an ARN of it, whatever `secrets` says, and its version as it was asked for', () => {
    const of = (change: Json, names = ['prod/key'], eventName = 'GetSecretValue') =>
      readCloudTrail(rulesWith({}, names), delivered(eventName, change)).map(one =>
        one.says === 'knows' ? [one.secret.id, one.version] : one.says,
      )
    const asked = (secretId: string, names?: string[]) => of({ requestParameters: { secretId } }, names)
    const arnOf = (name: string) => `arn:aws:secretsmanager:eu-central-1:111122223333:secret:${name}`
    const current = [['s0', { asked: 'current' }]]
    for (const name of ['prod/key', arnOf('prod/key-AbCdEf'), arnOf('prod/key')]) expect(asked(name)).toEqual(current)
    // Registered by its ARN: the same, and not a later secret of that name.
    const own = [arnOf('prod/key-AbCdEf')]
    for (const name of ['prod/key', arnOf('prod/key-AbCdEf'), arnOf('prod/key')])
      expect(asked(name, own)).toEqual(current)
    expect(asked(arnOf('prod/key-ZyXwVu'), own)).toEqual([])
    // A partial ARN that looks like a full one.
    expect(asked(arnOf('api-secret'), ['api-secret'])).toEqual(current)
    expect(asked('prod/key-AbCdEf')).toEqual([])
    expect(asked('prod/keys')).toEqual([])
    const stages = { AWSCURRENT: 'current', AWSPREVIOUS: 'previous', AWSPENDING: 'pending', mine: 'current' }
    for (const [versionStage, meant] of Object.entries(stages))
      expect(of({ requestParameters: { secretId: 'prod/key', versionStage } })).toEqual([['s0', { asked: meant }]])
    const exact = { secretId: 'prod/key', versionId: 'v-7', versionStage: 'AWSPREVIOUS' }
    expect(of({ requestParameters: exact })).toEqual([['s0', { id: 'v-7' }]])
    // Whoever made it knows its first value: it is rotated, never deleted.
    const made = { requestParameters: { name: 'agents/x' }, responseElements: { arn: arnOf('agents/x-AbCdEf') } }
    expect(of(made, ['agents/x'], 'CreateSecret')).toEqual(current)
    expect(of(made, [], 'CreateSecret')).toEqual(['granted'])
  })

  it('the record alone, as from a file, says the same', () => {
    const event = delivered('GetSecretValue')
    expect(readCloudTrail(rules, event.detail)).toEqual(readCloudTrail(rules, event))
  })

  it('nothing else: another role, user, account, region, secret, call, or a call that failed', () => {
    const others = [
      delivered('GetSecretValue', {}, { arn: 'arn:aws:sts::111122223333:assumed-role/admin/run-1' }),
      delivered('GetSecretValue', {}, { type: 'IAMUser', arn: 'arn:aws:iam::111122223333:user/agent' }),
      delivered('GetSecretValue', {}, { arn: 'arn:aws:sts::999999999999:assumed-role/agent/run-1' }),
      delivered('GetSecretValue', { awsRegion: 'us-east-1' }),
      delivered('GetSecretValue', { requestParameters: { secretId: 'shared/key-of-others' } }),
      delivered('DescribeSecret'),
      delivered('GetSecretValue', { errorCode: 'AccessDenied' }),
      delivered('GetSecretValue', { eventSource: 'kms.amazonaws.com' }),
    ]
    expect(others.flatMap(one => readCloudTrail(rules, one))).toEqual([])
  })

  it('never throws, whatever it is given', () => {
    const made = delivered('CreateSecret', { responseElements: { arn } })
    const withRegistered = rulesWith({}, ['agents/run-1', 'prod/key'])
    fc.assert(
      fc.property(
        fc.constantFrom(...Object.keys(made.detail as Json)),
        fc.anything(),
        fc.json(),
        (key, other, text) => {
          for (const record of [{ ...(made.detail as Json), [key]: other }, JSON.parse(text)])
            for (const one of readCloudTrail(withRegistered, record))
              if (one.says !== 'knows') learnedEvent(rules, one, Date.now())
        },
      ),
      { numRuns: 2_000 },
    )
  })
})
