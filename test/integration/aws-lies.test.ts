import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { makeCertificate } from '../../infra/stack/certificate.ts'
import type { Fact } from '../../schemas/facts.ts'
import type { Credential, Store, WorkEvent } from '../../services/pipeline/ports.ts'
import { revoke } from '../../services/pipeline/revoke.ts'
import { awsStores } from '../support/aws-world.ts'
import { cid, facts } from '../support/facts.ts'
import { fakeWork } from '../support/fake-work.ts'
import { type LyingAws, lyingAws } from '../support/lying-aws.ts'
import { sharedStack } from '../support/stack.ts'
import { until } from '../support/until.ts'

// Against a stand-in that says so: what AWS documents and the emulator does not do.
let stores: Awaited<ReturnType<typeof awsStores>>
let aws: LyingAws
let store: Store
const counted: string[] = []
const keys = { accessKeyId: 'AKIASTANDIN', secretAccessKey: 'of-the-stand-in' }
const secretOf = (handle: string): Credential => ({ kind: 'aws.secret', handle })
beforeAll(async () => {
  stores = await awsStores((await sharedStack()).addresses.redisUrl)
  aws = await lyingAws()
  const base = { endpoint: aws.endpoint, timeoutMs: 300, propagationMs: 400 }
  store = await stores.open(keys, base, (_, operation, result) => counted.push(`${operation} ${result}`))
})
afterAll(async () => {
  await stores?.close()
  await aws?.close()
})
beforeEach(async () => {
  for (const name of Object.keys(aws.lies)) delete aws.lies[name as keyof typeof aws.lies]
  aws.calls.length = 0
  counted.length = 0
  // An earlier test was throttled: the pause that the store then keeps is over.
  const probe = aws.secret()
  await until('the store may be asked', async () => (await store.probe(secretOf(probe), 'leak')).state === 'alive')
  await until('the store may be told', async () => (await store.revoke(secretOf(probe), 'leak')).state === 'claimed')
  aws.calls.length = 0
  counted.length = 0
})

const failures = [
  [400, 'AccessDeniedException', 'permission', /^needs secretsmanager:DescribeSecret on agent\//],
  [400, 'ThrottlingException', 'throttled', /ThrottlingException/],
  [400, 'TooManyRequestsException', 'throttled', /TooManyRequests/],
  [429, 'Whatever', 'throttled', /HTTP 429/],
  [500, 'InternalServiceError', 'backend', /InternalServiceError/],
  [500, 'InternalFailure', 'backend', /InternalFailure/],
  [503, 'ServiceUnavailableException', 'unreachable', /HTTP 503/],
  [400, 'UnrecognizedClientException', 'permission', /does not accept our credentials/],
  [400, 'ExpiredTokenException', 'permission', /ExpiredTokenException/],
  [400, 'InvalidSignatureException', 'permission', /InvalidSignatureException/],
  [403, 'MissingAuthenticationTokenException', 'permission', /MissingAuthenticationToken/],
  [400, 'InvalidRequestException', 'protocol', /InvalidRequestException: told by the stand-in/],
  [400, 'SomethingNewException', 'protocol', /SomethingNewException/],
] as const

describe('an answer that is not clear is never a death', () => {
  it.each(failures)('HTTP %i %s is %s', async (status, type, code, detail) => {
    aws.lies.fail = { DescribeSecret: { status, type } }
    const problem = { code, detail: expect.stringMatching(detail) }
    expect(await store.probe(secretOf(aws.secret()), 'leak')).toMatchObject({ state: 'unknown', problem })
    expect(counted).toEqual([`DescribeSecret ${code}`])
    expect(aws.calls, 'no retries of the SDK').toEqual(['DescribeSecret'])
  })

  it.each([
    ['a gateway that says 404', 404],
    ['a gateway that says 502', 502],
    ['a page with a 200', 200],
  ])('%s proves nothing, and is not quoted', async (_, status) => {
    aws.lies.fail = { DescribeSecret: { status, raw: '<html>ResourceNotFoundException of hunter2</html>' } }
    const result = await store.probe(secretOf(aws.secret()), 'leak')
    expect(result.state).toBe('unknown')
    expect(JSON.stringify(result)).not.toContain('hunter2')
  })

  it('silence is a timeout, inside the time that the config gives', async () => {
    aws.lies.silent = true
    const started = performance.now()
    const result = await store.probe(secretOf(aws.secret()), 'leak')
    expect(result).toMatchObject({ state: 'unknown', problem: { code: 'timeout' } })
    expect(performance.now() - started).toBeLessThan(1_500)
  })

  it('a connection that is lost is a timeout: what became of the request is unknown', async () => {
    aws.lies.hangUp = true
    const problem = { code: 'timeout' }
    expect(await store.probe(secretOf(aws.secret()), 'leak')).toMatchObject({ state: 'unknown', problem })
    expect(await store.revoke(secretOf(aws.secret()), 'leak')).toMatchObject({ state: 'failed', problem })
  })

  it('the description of another secret is no answer, and nothing is deleted', async () => {
    const arn = aws.secret()
    aws.lies.describe = { ARN: aws.secret() }
    expect(await store.probe(secretOf(arn), 'leak')).toMatchObject({ state: 'unknown', problem: { code: 'protocol' } })
    expect(await store.revoke(secretOf(arn), 'leak')).toMatchObject({ state: 'failed' })
    expect(aws.calls).not.toContain('DeleteSecret')
  })

  it('a proof is taken on a connection that nobody used before', async () => {
    const gone = secretOf(aws.secret().replace('agent', 'nobody'))
    for (let time = 1; time <= 2; time += 1) {
      const before = aws.connections()
      expect(await store.probe(gone, 'leak')).toEqual({ state: 'dead', evidence: 'target' })
      expect(aws.connections() - before, 'the glance may use a kept one').toBeGreaterThanOrEqual(1)
    }
    const before = aws.connections()
    await store.probe(secretOf(aws.secret()), 'leak')
    expect(aws.connections()).toBe(before)
  })

  it('keys that cannot be read are about us', async () => {
    const files = { accessKeyIdFile: '/nonexistent/id', secretAccessKeyFile: '/nonexistent/key' }
    const keyless = await stores.open(keys, { endpoint: aws.endpoint, ...files })
    const problem = { code: 'permission', detail: expect.stringContaining('/nonexistent/') }
    const result = await until('the budget lets it', async () => {
      const probe = await keyless.probe(secretOf(aws.secret()), 'leak')
      return probe.state === 'unknown' && probe.problem.code !== 'throttled' ? probe : undefined
    })
    expect(result).toMatchObject({ state: 'unknown', problem })
  })
})

describe('the way to it', () => {
  afterEach(() => vi.unstubAllEnvs())
  const once = (asked: Store, arn = aws.secret()) =>
    until('the budget lets it', async () => {
      const probe = await asked.probe(secretOf(arn), 'leak')
      return probe.state === 'unknown' && probe.problem.code === 'throttled' ? undefined : probe
    })

  it('what the environment says of other addresses is not followed; its credentials are, where none are configured', async () => {
    vi.stubEnv('AWS_ENDPOINT_URL', 'http://127.0.0.1:9')
    vi.stubEnv('AWS_ENDPOINT_URL_SECRETS_MANAGER', 'http://127.0.0.1:9')
    vi.stubEnv('AWS_USE_FIPS_ENDPOINT', 'true')
    vi.stubEnv('AWS_MAX_ATTEMPTS', '5')
    vi.stubEnv('AWS_ACCESS_KEY_ID', 'AKIAOFTHEENVIRONMENT')
    vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'of-the-environment')
    const none = { accessKeyIdFile: undefined, secretAccessKeyFile: undefined }
    expect(await once(await stores.open(keys, { endpoint: aws.endpoint, ...none }))).toMatchObject({ state: 'alive' })
    expect(aws.signers().at(-1)).toBe('AKIAOFTHEENVIRONMENT')
    aws.lies.fail = { DescribeSecret: { status: 500, type: 'InternalServiceError' } }
    aws.calls.length = 0
    await store.probe(secretOf(aws.secret()), 'leak')
    expect(aws.calls).toEqual(['DescribeSecret'])
  })

  it('a key that was rotated in its file is used from then on', async () => {
    const file = join(stores.folder, 'rotated')
    writeFileSync(file, 'AKIAFIRST')
    const rotating = await stores.open(keys, { endpoint: aws.endpoint, accessKeyIdFile: file })
    await once(rotating)
    writeFileSync(file, 'AKIASECOND\n')
    await once(rotating)
    expect(aws.signers().slice(-2)).toEqual(['AKIAFIRST', 'AKIASECOND'])
  })

  it('TLS is verified with the CA of the config, whatever the environment says, and without it nothing is believed', async () => {
    const { caFile } = await makeCertificate(stores.folder)
    const read = (name: string) => readFileSync(join(stores.folder, name), 'utf8')
    const secure = await lyingAws({}, { key: read('server-key.pem'), cert: read('server.pem') })
    try {
      const arn = secure.secret()
      vi.stubEnv('NODE_TLS_REJECT_UNAUTHORIZED', '0')
      const [known, unknown] = [
        await stores.open(keys, { endpoint: secure.endpoint, caFile }),
        await stores.open(keys, { endpoint: secure.endpoint }),
      ]
      expect(await once(known, arn)).toMatchObject({ state: 'alive' })
      expect(await once(unknown, arn)).toMatchObject({ state: 'unknown', problem: { code: 'unreachable' } })
    } finally {
      await secure.close()
    }
  })

  it('in clear only inside this machine', async () => {
    await expect(stores.open(keys, { endpoint: 'http://aws.example' })).rejects.toThrow('must be https')
  })
})

describe('the step', () => {
  it.each(failures)('HTTP %i %s to the deletion is %s, and the secret lives', async (status, type, code) => {
    aws.lies.fail = { DeleteSecret: { status, type } }
    const arn = aws.secret()
    const step = await store.revoke(secretOf(arn), 'leak')
    expect(step).toMatchObject({ state: 'failed', problem: { code } })
    if (type === 'AccessDeniedException')
      expect(step.state === 'failed' && step.problem.detail).toMatch(/^needs secretsmanager:DeleteSecret on agent\//)
    expect(aws.there(arn)).toBe(true)
  })

  it('another worker was faster, and the policy denies what has no tag any more: that is no missing right', async () => {
    aws.lies.delete = 'raced'
    expect(await store.revoke(secretOf(aws.secret()), 'leak')).toEqual({ state: 'claimed' })
  })

  it('a throttled store is left alone by every process for a while', async () => {
    aws.lies.fail = { DeleteSecret: { status: 400, type: 'ThrottlingException' } }
    await store.revoke(secretOf(aws.secret()), 'leak')
    await store.revoke(secretOf(aws.secret()), 'leak')
    expect(counted.filter(one => one.startsWith('DeleteSecret'))).toEqual([
      'DeleteSecret throttled',
      'DeleteSecret budget',
    ])
  })

  it.each([
    [{}, 'no tag "curfew-session"'],
    [{ 'curfew-session': '' }, 'no tag "curfew-session"'],
    [{ other: 's' }, 'no tag "curfew-session"'],
  ])('a secret with the tags %j is not ours: nothing is asked of it but what it is', async (tags, why) => {
    const arn = aws.secret({ tags: tags as Record<string, string>, replicas: ['eu-west-1'] })
    const said = { state: 'impossible', reason: expect.stringContaining(why) }
    expect(await store.probe(secretOf(arn), 'leak')).toMatchObject(said)
    expect(await store.revoke(secretOf(arn), 'leak')).toMatchObject(said)
    expect(new Set(aws.calls)).toEqual(new Set(['DescribeSecret']))
  })

  it('the tag that goes between the probe and the step is noticed', async () => {
    const arn = aws.secret()
    expect(await store.probe(secretOf(arn), 'leak')).toMatchObject({ state: 'alive' })
    aws.lies.describe = { Tags: [] }
    expect(await store.revoke(secretOf(arn), 'leak')).toMatchObject({ state: 'impossible' })
    expect(aws.there(arn)).toBe(true)
  })

  it('a replica is impossible and names the region of its primary', async () => {
    aws.lies.describe = { PrimaryRegion: 'us-east-1' }
    const said = { state: 'impossible', reason: expect.stringContaining('us-east-1') }
    expect(await store.probe(secretOf(aws.secret()), 'leak')).toMatchObject(said)
    expect(await store.revoke(secretOf(aws.secret()), 'leak')).toMatchObject(said)
    expect(aws.calls).not.toContain('DeleteSecret')
  })
})

/** The core and this store together, over facts in memory; the secret holds something that is already proven dead. */
const now = Date.now()
const working = (handle: string) => {
  const known: Fact[] = [
    facts.started('s', now - 9_000),
    facts.granted('s', handle, now - 8_000, { credentialKind: 'aws.secret', inside: cid('inner') }),
    facts.granted('s', 'inner', now - 8_000),
    facts.seen(handle, now - 7_000),
    facts.ended('s', now - 1_000),
    facts.outcome('inner', now, { evidence: 'used' }),
  ]
  const work = fakeWork(known, { probes: [] })
  const events: WorkEvent[] = []
  const stores = new Map([['vault-local', store]])
  const parts = { ...work.parts, stores, observe: (event: WorkEvent) => void events.push(event) }
  return { ...work, events, attempt: () => revoke(parts, cid(handle), 'leak') }
}

describe('the core in front of it', () => {
  it('a 200 without effect is never believed, and the secret is retired when AWS tells the truth again', async () => {
    aws.lies.delete = 'without-effect'
    const arn = aws.secret()
    const { attempt, outcomes, events } = working(arn)
    await until('it was deleted twice', async () => {
      await attempt()
      return aws.calls.filter(call => call === 'DeleteSecret').length >= 2
    })
    expect(outcomes()).toEqual([])
    expect(events.map(one => one.event)).toContain('window_too_small')
    delete aws.lies.delete
    await until('it has its receipt', async () => (await attempt()).state === 'over')
    expect(aws.there(arn)).toBe(false)
    expect(outcomes()).toMatchObject([{ outcome: 'verified', evidence: 'used' }])
  })

  it('a deletion that takes its time inside the window is waited for, not repeated', async () => {
    Object.assign(aws.lies, { delete: 'later', deleteMs: 250 })
    const arn = aws.secret()
    const { attempt, outcomes, events } = working(arn)
    await until('it has its receipt', async () => {
      const { state } = await attempt()
      if (aws.there(arn)) expect(outcomes()).toEqual([])
      return state === 'over'
    })
    expect(aws.calls.filter(call => call === 'DeleteSecret')).toHaveLength(1)
    expect(events.map(one => one.event)).toEqual(['settled'])
  })

  it('replicas go first, then the secret: no deletion is tried before, and nothing is paged', async () => {
    aws.lies.removeMs = 700
    const arn = aws.secret({ replicas: ['eu-west-1', 'us-east-1'] })
    const { attempt, outcomes, events } = working(arn)
    expect(await store.revoke(secretOf(arn), 'leak')).toEqual({ state: 'queued' })
    await until('it has its receipt', async () => (await attempt()).state === 'over')
    const steps = aws.calls.filter(call => call !== 'DescribeSecret')
    expect(steps.filter(call => call === 'DeleteSecret')).toHaveLength(1)
    expect(steps.at(-1)).toBe('DeleteSecret')
    expect(events.map(one => one.event)).toEqual(['settled'])
    expect(outcomes()).toMatchObject([{ outcome: 'verified' }])
  })

  it('a right that is missing is told, and the secret dies when the right is there', async () => {
    aws.lies.fail = { DeleteSecret: { status: 400, type: 'AccessDeniedException' } }
    const { attempt, outcomes, notes, events } = working(aws.secret())
    expect(await attempt()).toMatchObject({ state: 'again' })
    expect([...notes.values()][0]?.blocked).toMatchObject({
      code: 'permission',
      detail: expect.stringContaining('needs secretsmanager:DeleteSecret'),
    })
    expect(events).toMatchObject([{ event: 'problem', step: 'revoke' }])
    delete aws.lies.fail
    await until('it has its receipt', async () => (await attempt()).state === 'over')
    expect(outcomes()).toMatchObject([{ outcome: 'verified' }])
  })
})
