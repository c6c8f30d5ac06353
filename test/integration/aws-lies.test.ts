import { describe, expect, it } from 'vitest'
import { secretOf, standInKeys, useLyingAws } from '../support/lying-aws-world.ts'
import { until } from '../support/until.ts'

// Against a stand-in that says so: what AWS documents and the emulator does not do.
const world = useLyingAws()

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
    world.aws.lies.fail = { DescribeSecret: { status, type } }
    const problem = { code, detail: expect.stringMatching(detail) }
    expect(await world.store.probe(secretOf(world.aws.secret()), 'leak')).toMatchObject({ state: 'unknown', problem })
    expect(world.counted).toEqual([`DescribeSecret ${code}`])
    expect(world.aws.calls, 'no retries of the SDK').toEqual(['DescribeSecret'])
  })

  it.each([
    ['a gateway that says 404', 404],
    ['a gateway that says 502', 502],
    ['a page with a 200', 200],
  ])('%s proves nothing, and is not quoted', async (_, status) => {
    world.aws.lies.fail = { DescribeSecret: { status, raw: '<html>ResourceNotFoundException of hunter2</html>' } }
    const result = await world.store.probe(secretOf(world.aws.secret()), 'leak')
    expect(result.state).toBe('unknown')
    expect(JSON.stringify(result)).not.toContain('hunter2')
  })

  it('silence is a timeout, inside the time that the config gives', async () => {
    world.aws.lies.silent = true
    const started = performance.now()
    const result = await world.store.probe(secretOf(world.aws.secret()), 'leak')
    expect(result).toMatchObject({ state: 'unknown', problem: { code: 'timeout' } })
    expect(performance.now() - started).toBeLessThan(1_500)
  })

  it('a connection that is lost is a timeout: what became of the request is unknown', async () => {
    world.aws.lies.hangUp = true
    const problem = { code: 'timeout' }
    expect(await world.store.probe(secretOf(world.aws.secret()), 'leak')).toMatchObject({ state: 'unknown', problem })
    expect(await world.store.revoke(secretOf(world.aws.secret()), 'leak')).toMatchObject({ state: 'failed', problem })
  })

  it('the description of another secret is no answer, and nothing is deleted', async () => {
    const arn = world.aws.secret()
    world.aws.lies.describe = { ARN: world.aws.secret() }
    expect(await world.store.probe(secretOf(arn), 'leak')).toMatchObject({
      state: 'unknown',
      problem: { code: 'protocol' },
    })
    expect(await world.store.revoke(secretOf(arn), 'leak')).toMatchObject({ state: 'failed' })
    expect(world.aws.calls).not.toContain('DeleteSecret')
  })

  it('a proof is taken on a connection that nobody used before', async () => {
    const gone = secretOf(world.aws.secret().replace('agent', 'nobody'))
    for (let time = 1; time <= 2; time += 1) {
      const before = world.aws.connections()
      expect(await world.store.probe(gone, 'leak')).toEqual({ state: 'dead', evidence: 'target' })
      expect(world.aws.connections() - before, 'the glance may use a kept one').toBeGreaterThanOrEqual(1)
    }
    const before = world.aws.connections()
    await world.store.probe(secretOf(world.aws.secret()), 'leak')
    expect(world.aws.connections()).toBe(before)
  })

  it('keys that cannot be read are about us', async () => {
    const files = { accessKeyIdFile: '/nonexistent/id', secretAccessKeyFile: '/nonexistent/key' }
    const keyless = await world.stores.open(standInKeys, { endpoint: world.aws.endpoint, ...files })
    const problem = { code: 'permission', detail: expect.stringContaining('/nonexistent/') }
    const result = await until('the budget lets it', async () => {
      const probe = await keyless.probe(secretOf(world.aws.secret()), 'leak')
      return probe.state === 'unknown' && probe.problem.code !== 'throttled' ? probe : undefined
    })
    expect(result).toMatchObject({ state: 'unknown', problem })
  })
})

describe('the step', () => {
  it.each(failures)('HTTP %i %s to the deletion is %s, and the secret lives', async (status, type, code) => {
    world.aws.lies.fail = { DeleteSecret: { status, type } }
    const arn = world.aws.secret()
    const step = await world.store.revoke(secretOf(arn), 'leak')
    expect(step).toMatchObject({ state: 'failed', problem: { code } })
    if (type === 'AccessDeniedException')
      expect(step.state === 'failed' && step.problem.detail).toMatch(/^needs secretsmanager:DeleteSecret on agent\//)
    expect(world.aws.there(arn)).toBe(true)
  })

  it('another worker was faster, and the policy denies what has no tag any more: that is no missing right', async () => {
    world.aws.lies.delete = 'raced'
    expect(await world.store.revoke(secretOf(world.aws.secret()), 'leak')).toEqual({ state: 'claimed' })
  })

  it('a throttled store is left alone by every process for a while', async () => {
    world.aws.lies.fail = { DeleteSecret: { status: 400, type: 'ThrottlingException' } }
    await world.store.revoke(secretOf(world.aws.secret()), 'leak')
    await world.store.revoke(secretOf(world.aws.secret()), 'leak')
    expect(world.aws.calls.filter(call => call === 'DeleteSecret')).toHaveLength(1)
    expect(world.counted.at(-1), 'the next call waits for its budget').toMatch(/budget$/)
  })

  it.each([
    [{}, 'no tag "curfew-session"'],
    [{ 'curfew-session': '' }, 'no tag "curfew-session"'],
    [{ other: 's' }, 'no tag "curfew-session"'],
  ])('a secret with the tags %j is not ours: nothing is asked of it but what it is', async (tags, why) => {
    const arn = world.aws.secret({ tags: tags as Record<string, string>, replicas: ['eu-west-1'] })
    const said = { state: 'impossible', reason: expect.stringContaining(why) }
    expect(await world.store.probe(secretOf(arn), 'leak')).toMatchObject(said)
    expect(await world.store.revoke(secretOf(arn), 'leak')).toMatchObject(said)
    expect(new Set(world.aws.calls)).toEqual(new Set(['DescribeSecret']))
  })

  it('the tag that goes between the probe and the step is noticed', async () => {
    const arn = world.aws.secret()
    expect(await world.store.probe(secretOf(arn), 'leak')).toMatchObject({ state: 'alive' })
    world.aws.lies.describe = { Tags: [] }
    expect(await world.store.revoke(secretOf(arn), 'leak')).toMatchObject({ state: 'impossible' })
    expect(world.aws.there(arn)).toBe(true)
  })

  it('a replica is impossible and names the region of its primary', async () => {
    world.aws.lies.describe = { PrimaryRegion: 'us-east-1' }
    const said = { state: 'impossible', reason: expect.stringContaining('us-east-1') }
    expect(await world.store.probe(secretOf(world.aws.secret()), 'leak')).toMatchObject(said)
    expect(await world.store.revoke(secretOf(world.aws.secret()), 'leak')).toMatchObject(said)
    expect(world.aws.calls).not.toContain('DeleteSecret')
  })
})
