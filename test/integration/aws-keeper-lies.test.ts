import { describe, expect, it } from 'vitest'
import type { KeptVersion } from '../../services/pipeline/keeper-port.ts'
import { keptIn, useAwsKeeper } from '../support/aws-keeper-world.ts'
import { type AwsSecret, awsError, holderOf, moveLabel } from '../support/aws-versions.ts'
import { until } from '../support/until.ts'

// Against a stand-in that says so: what AWS documents and the emulator does not do.
const aws = useAwsKeeper()

const rotation = () => crypto.randomUUID()
const newVersion = (id: string, attempt = 1) => ({
  value: `value-${attempt}`,
  handle: `handle-${attempt}`,
  rotation: id,
  attempt,
})
const kept = async (name: string): Promise<{ current?: KeptVersion | undefined; staged?: KeptVersion | undefined }> => {
  const read = await aws.keeper.read(keptIn(name))
  if ('problem' in read) throw new Error(JSON.stringify(read.problem))
  return read
}
const staged = async (secret: AwsSecret, id = rotation()) => {
  await aws.keeper.stage(keptIn(secret.name), newVersion(id))
  const read = await kept(secret.name)
  if (!read.staged || !read.current) throw new Error('nothing is staged')
  return { id, staged: read.staged, current: read.current }
}
const byHand = (secret: AwsSecret, createdAt = Date.now() + 1_000) => {
  secret.versions.set('by-hand', { text: JSON.stringify({ value: 'hand' }), createdAt, labels: new Set() })
  moveLabel(secret, 'AWSCURRENT', 'by-hand')
}

describe('staging', () => {
  it('one rotation leaves one version, whoever asks how often', async () => {
    const secret = aws.secret()
    const id = rotation()
    for (let time = 1; time <= 10; time += 1)
      expect(await aws.keeper.stage(keptIn(secret.name), newVersion(id))).toEqual({ keeperVersion: id })
    expect(secret.versions.size).toBe(2)
    expect(aws.writes()).toEqual(['PutSecretValue'])
    expect(JSON.parse(secret.versions.get(id)?.text ?? '')).toEqual({
      url: 'kept as it is',
      value: 'value-1',
      handle: 'handle-1',
      rotation: `${id}.1`,
    })
    expect((await kept(secret.name)).current?.value, 'consumers read what they read before').toBe('old')
  })

  it('what another attempt of the rotation wrote is a conflict and stays: AWS writes no version twice', async () => {
    const secret = aws.secret()
    const id = rotation()
    await aws.keeper.stage(keptIn(secret.name), newVersion(id, 1))
    expect(await aws.keeper.stage(keptIn(secret.name), newVersion(id, 2))).toEqual({ conflict: true })
    expect((await kept(secret.name)).staged?.rotation).toBe(`${id}.1`)
    expect(aws.writes()).toEqual(['PutSecretValue'])
  })

  it('so it is when the other one wrote between the look and the write', async () => {
    const secret = aws.secret()
    const id = rotation()
    aws.lies.before = {
      PutSecretValue: one => {
        const text = JSON.stringify({ value: 'late', rotation: `${id}.1` })
        one.versions.set(id, { text, createdAt: Date.now(), labels: new Set(['AWSPENDING']) })
      },
    }
    expect(await aws.keeper.stage(keptIn(secret.name), newVersion(id, 2))).toEqual({ conflict: true })
    expect(secret.versions.get(id)?.text).toContain('late')
  })

  it('a timeout after the effect leaves one version, which the next attempt finds', async () => {
    const secret = aws.secret()
    const id = rotation()
    aws.lies.silentAfter = 'PutSecretValue'
    await aws.keeper.stage(keptIn(secret.name), newVersion(id))
    delete aws.lies.silentAfter
    const read = await until('it answers again', async () => {
      const one = await aws.keeper.read(keptIn(secret.name))
      return 'problem' in one ? undefined : one
    })
    expect(read.staged).toMatchObject({ keeperVersion: id, value: 'value-1', rotation: `${id}.1` })
    expect(aws.writes()).toEqual(['PutSecretValue'])
  })

  it('a success without effect is not believed', async () => {
    const secret = aws.secret()
    aws.lies.instead = { PutSecretValue: { status: 200, body: { ARN: secret.arn } } }
    expect(await aws.keeper.stage(keptIn(secret.name), newVersion(rotation()))).toMatchObject({
      problem: { code: 'backend' },
    })
  })

  it('a label that was taken from our version comes back, also from an empty one', async () => {
    const secret = aws.secret()
    const { id } = await staged(secret)
    secret.versions.set('empty', { text: undefined, createdAt: Date.now(), labels: new Set() })
    moveLabel(secret, 'AWSPENDING', 'empty')
    expect(await aws.keeper.stage(keptIn(secret.name), newVersion(id))).toEqual({ keeperVersion: id })
    expect(holderOf(secret, 'AWSPENDING')).toBe(id)
  })
})

describe('what is staged by somebody else', () => {
  it.each([
    ['an empty version', undefined],
    ['another rotation', JSON.stringify({ value: 'x', rotation: `${rotation()}.1` })],
    ['words', 'no JSON'],
  ])('%s under AWSPENDING is shown, and taken away', async (_, text) => {
    const secret = aws.secret()
    secret.versions.set('stuck', { text, createdAt: Date.now(), labels: new Set(['AWSPENDING']) })
    expect((await kept(secret.name)).staged).toMatchObject({ keeperVersion: 'stuck' })
    expect(await aws.keeper.unstage(keptIn(secret.name))).toEqual({})
    expect(await aws.keeper.unstage(keptIn(secret.name)), 'nothing left to do').toEqual({})
    expect(holderOf(secret, 'AWSPENDING')).toBeUndefined()
    expect((await kept(secret.name)).staged).toBeUndefined()
  })

  it('AWSPENDING on the current version is nothing that is staged', async () => {
    const secret = aws.secret()
    moveLabel(secret, 'AWSPENDING', holderOf(secret, 'AWSCURRENT'))
    expect((await kept(secret.name)).staged).toBeUndefined()
  })

  it('an unstaging without effect is not believed', async () => {
    const secret = aws.secret()
    await staged(secret)
    aws.lies.instead = { UpdateSecretVersionStage: { status: 200, body: {} } }
    expect(await aws.keeper.unstage(keptIn(secret.name))).toMatchObject({ problem: { code: 'backend' } })
  })
})

describe('promoting', () => {
  it('moves AWSCURRENT once, and takes AWSPENDING away', async () => {
    const secret = aws.secret()
    const one = await staged(secret)
    for (let time = 1; time <= 3; time += 1)
      expect(await aws.keeper.promote(keptIn(secret.name), one.staged, one.current)).toEqual({ keeperVersion: one.id })
    expect([...(secret.versions.get(one.id)?.labels ?? [])]).toEqual(['AWSCURRENT'])
    expect(aws.writes()).toEqual(['PutSecretValue', 'UpdateSecretVersionStage', 'UpdateSecretVersionStage'])
  })

  it('another current version is a conflict, whether it came before the move or during it', async () => {
    for (const when of ['before', 'during'] as const) {
      const secret = aws.secret()
      const one = await staged(secret)
      if (when === 'before') byHand(secret)
      else aws.lies.before = { UpdateSecretVersionStage: found => byHand(found) }
      expect(await aws.keeper.promote(keptIn(secret.name), one.staged, one.current)).toEqual({ conflict: true })
      expect((await kept(secret.name)).current?.value).toBe('hand')
    }
  })

  it('a current version that was put back to an older one is a conflict too: what was read is not there any more', async () => {
    const secret = aws.secret()
    const one = await staged(secret)
    byHand(secret, Date.now() - 3_600_000)
    expect(await aws.keeper.promote(keptIn(secret.name), one.staged, one.current)).toEqual({ conflict: true })
    expect((await kept(secret.name)).current?.value).toBe('hand')
  })

  it('a version that was written by hand after the staged one is a conflict: its other fields would be lost', async () => {
    const secret = aws.secret()
    const one = await staged(secret)
    byHand(secret)
    const { current } = await kept(secret.name)
    expect(await aws.keeper.promote(keptIn(secret.name), one.staged, current)).toEqual({ conflict: true })
  })

  it('a timeout after the effect is a promotion, a success without effect is none', async () => {
    const secret = aws.secret()
    const one = await staged(secret)
    aws.lies.instead = { UpdateSecretVersionStage: { status: 200, body: {} } }
    expect(await aws.keeper.promote(keptIn(secret.name), one.staged, one.current)).toMatchObject({
      problem: { code: 'backend' },
    })
    delete aws.lies.instead
    aws.lies.silentAfter = 'UpdateSecretVersionStage'
    const promoted = async () => {
      const done = await aws.keeper.promote(keptIn(secret.name), one.staged, one.current)
      return 'keeperVersion' in done
    }
    await until('it is promoted', promoted)
    expect(holderOf(secret, 'AWSCURRENT')).toBe(one.id)
  })

  it('what is not staged any more is not promoted', async () => {
    const secret = aws.secret()
    const one = await staged(secret)
    await aws.keeper.unstage(keptIn(secret.name))
    expect(await aws.keeper.promote(keptIn(secret.name), one.staged, one.current)).toMatchObject({
      problem: { code: 'backend' },
    })
    expect((await kept(secret.name)).current?.value).toBe('old')
  })
})

describe('retiring', () => {
  it('AWSPREVIOUS goes, every other label of an old version too, and they are named', async () => {
    const secret = aws.secret()
    const one = await staged(secret)
    await aws.keeper.promote(keptIn(secret.name), one.staged, one.current)
    const first = one.current.keeperVersion
    secret.versions.get(first)?.labels.add('blue')
    expect(await aws.keeper.retire(keptIn(secret.name), one.id)).toEqual({ retired: [first] })
    expect(await aws.keeper.retire(keptIn(secret.name), one.id)).toEqual({ retired: [] })
    expect([...(secret.versions.get(first)?.labels ?? [])]).toEqual([])
    expect((await kept(secret.name)).current?.keeperVersion).toBe(one.id)
  })

  it('without effect it is not believed', async () => {
    const secret = aws.secret()
    const one = await staged(secret)
    await aws.keeper.promote(keptIn(secret.name), one.staged, one.current)
    aws.lies.instead = { UpdateSecretVersionStage: { status: 200, body: {} } }
    expect(await aws.keeper.retire(keptIn(secret.name), one.id)).toMatchObject({ problem: { code: 'backend' } })
  })

  it('a version that somebody made current meanwhile keeps its label', async () => {
    const secret = aws.secret()
    const one = await staged(secret)
    await aws.keeper.promote(keptIn(secret.name), one.staged, one.current)
    byHand(secret)
    await aws.keeper.retire(keptIn(secret.name), one.id)
    expect(holderOf(secret, 'AWSCURRENT')).toBe('by-hand')
    expect(holderOf(secret, 'AWSPREVIOUS')).toBe(one.id)
  })
})

describe('what cannot be done is said', () => {
  it.each([
    ['words', 'hunter2'],
    ['a list', '["hunter2"]'],
    ['a JSON text', '"hunter2"'],
  ])('a secret that holds %s, and nothing of it is quoted', async (_, text) => {
    const secret = aws.secret(text)
    const read = await aws.keeper.read(keptIn(secret.name))
    expect(read).toMatchObject({ problem: { code: 'protocol', detail: expect.stringContaining('not a JSON object') } })
    const stage = await aws.keeper.stage(keptIn(secret.name), newVersion(rotation()))
    expect(stage).toMatchObject({ problem: { code: 'protocol' } })
    expect(JSON.stringify([read, stage])).not.toContain('hunter2')
    expect(aws.writes()).toEqual([])
  })

  it('a secret that AWS rotates by itself too', async () => {
    const secret = aws.secret()
    secret.rotationEnabled = true
    expect(await aws.keeper.read(keptIn(secret.name))).toMatchObject({
      problem: { detail: expect.stringContaining('set keeper.native') },
    })
  })

  it('a partial ARN, which may name another secret', async () => {
    const secret = aws.secret()
    const partial = secret.arn.slice(0, -7)
    expect(await aws.keeper.read(keptIn(partial))).toMatchObject({
      problem: { detail: expect.stringContaining('another secret') },
    })
  })

  it.each([
    ['DescribeSecret', 'read'],
    ['GetSecretValue', 'read'],
    ['PutSecretValue', 'stage'],
    ['UpdateSecretVersionStage', 'promote'],
  ] as const)('the right to %s is missing: named, once asked', async (action, step) => {
    const secret = aws.secret()
    const one = step === 'promote' ? await staged(secret) : undefined
    aws.calls.length = 0
    aws.lies.instead = { [action]: awsError('AccessDeniedException') }
    const config = keptIn(secret.name)
    const asked = {
      read: () => aws.keeper.read(config),
      stage: () => aws.keeper.stage(config, newVersion(rotation())),
      promote: () => aws.keeper.promote(config, one?.staged ?? { keeperVersion: '', value: '' }, one?.current),
    }
    expect(await asked[step]()).toMatchObject({
      problem: { code: 'permission', detail: `needs secretsmanager:${action} on ${secret.name}` },
    })
    expect(aws.calls.filter(call => call.action === action)).toHaveLength(1)
  })

  it('throttled: left alone for a while, and never tried again by the SDK', async () => {
    const secret = aws.secret()
    aws.lies.instead = { PutSecretValue: awsError('ThrottlingException') }
    for (let time = 1; time <= 3; time += 1)
      expect(await aws.keeper.stage(keptIn(secret.name), newVersion(rotation()))).toMatchObject({
        problem: { code: 'throttled' },
      })
    expect(aws.writes()).toEqual(['PutSecretValue'])
  })
})
