import { expect, it } from 'vitest'
import { markOf, type NativeRotation } from '../../services/pipeline/keeper-port.ts'
import { keptIn, useAwsKeeper } from '../support/aws-keeper-world.ts'
import { type AwsSecret, awsError, holderOf, moveLabel } from '../support/aws-versions.ts'

// RotateSecret against a stand-in that says so: no emulator runs the Lambda, and what AWS does was read in its documentation.
const aws = useAwsKeeper()

const configOf = ({ name }: AwsSecret) => keptIn(name, { native: true })
const native = (): NativeRotation => {
  const found = aws.keeper.native?.(keptIn('x', { native: true }))
  if (!found) throw new Error('it rotates nothing by itself')
  return found
}
const progress = (secret: AwsSecret, id: string, known = 'h-old') => native().progress(configOf(secret), id, known)
const rotation = () => crypto.randomUUID()
const value = (name: string) => JSON.stringify({ value: name, handle: `h-${name}` })
/** What the Lambda's first step does, and its last one. */
const create = (secret: AwsSecret, id: string) => {
  const version = secret.versions.get(id)
  if (version) version.text = value('new')
}
const finish = (secret: AwsSecret, id: string) => moveLabel(secret, 'AWSCURRENT', id)
const longAgo = (secret: AwsSecret) => {
  secret.changedAt = Date.now() - 5_000
}

it('is asked for only where the registry says so', () => {
  expect(aws.keeper.native?.(keptIn('x'))).toBeUndefined()
})

it('is driven and tracked: idle, running, done', async () => {
  const secret = aws.secret()
  const id = rotation()
  expect(await progress(secret, id)).toEqual({ state: 'idle' })
  for (let time = 1; time <= 3; time += 1)
    expect(await native().start(configOf(secret), id)).not.toHaveProperty('problem')
  expect(secret.versions.size, 'one version for a rotation').toBe(2)
  expect(await progress(secret, id)).toEqual({ state: 'running' })
  create(secret, id)
  expect(await progress(secret, id)).toEqual({ state: 'running' })
  finish(secret, id)
  const version = { keeperVersion: id, value: 'new', handle: 'h-new', rotation: `${id}.0` }
  expect(await progress(secret, id)).toEqual({ state: 'done', version })
  expect(await progress(secret, rotation(), 'h-new'), 'AWSPENDING may stay on the current version').toEqual({
    state: 'idle',
  })
})

it.each([
  ['before it wrote a value', false],
  ['after it wrote one', true],
])(
  'a Lambda that died %s: failed once nothing changes any more, its label taken away, and the next one runs',
  async (_, wrote) => {
    const secret = aws.secret()
    const id = rotation()
    await native().start(configOf(secret), id)
    if (wrote) create(secret, id)
    longAgo(secret)
    expect(await progress(secret, id)).toMatchObject({
      state: 'failed',
      reason: expect.stringContaining('did not finish'),
    })
    const read = await aws.keeper.read(configOf(secret))
    expect(read).toMatchObject({ staged: { keeperVersion: id, value: wrote ? 'new' : '' }, current: { value: 'old' } })
    expect(await aws.keeper.unstage(configOf(secret))).toEqual({})
    const next = rotation()
    expect(await native().start(configOf(secret), next)).not.toHaveProperty('problem')
    expect(holderOf(secret, 'AWSPENDING')).toBe(next)
  },
)

it('AWSPENDING of another rotation: waited for while it moves, repaired when it is stuck', async () => {
  const secret = aws.secret()
  await native().start(configOf(secret), rotation())
  const id = rotation()
  expect(await progress(secret, id)).toEqual({ state: 'running' })
  expect(await native().start(configOf(secret), id)).toMatchObject({
    problem: { detail: expect.stringContaining('under way') },
  })
  longAgo(secret)
  expect(await progress(secret, id)).toEqual({ state: 'idle' })
  expect(await native().start(configOf(secret), id)).not.toHaveProperty('problem')
  expect(holderOf(secret, 'AWSPENDING')).toBe(id)
})

it('what AWS rotated by its own schedule is newer than what was to be replaced: nothing is started', async () => {
  const secret = aws.secret()
  secret.versions.set('by-itself', { text: value('other'), createdAt: Date.now(), labels: new Set() })
  finish(secret, 'by-itself')
  expect(await progress(secret, rotation(), 'h-old')).toMatchObject({
    state: 'done',
    version: { keeperVersion: 'by-itself' },
  })
  expect(await progress(secret, rotation(), 'h-other')).toEqual({ state: 'idle' })
})

it('a version that was adopted under a name of our own, since its handle was known before, is no newer one: it is rotated', async () => {
  const secret = aws.secret()
  secret.versions.set('by-itself', { text: value('old'), createdAt: Date.now(), labels: new Set() })
  finish(secret, 'by-itself')
  expect(await progress(secret, rotation(), 'mcp-key@by-itself')).toEqual({ state: 'idle' })
})

it('a Lambda that finishes while it is rolled back is recognized: its version is named by the rotation, whatever mark it copied', async () => {
  const secret = aws.secret()
  const id = rotation()
  await native().start(configOf(secret), id)
  const version = secret.versions.get(id)
  if (version) version.text = JSON.stringify({ value: 'new', handle: 'h-new', rotation: `${rotation()}.3` })
  finish(secret, id)
  const read = await aws.keeper.read(configOf(secret))
  expect('current' in read && read.current?.rotation).toBe(markOf({ rotation: id, attempt: 0 }))
})

it('what cannot be done is said', async () => {
  const secret = aws.secret()
  aws.lies.instead = { RotateSecret: awsError('AccessDeniedException') }
  const detail = `needs secretsmanager:RotateSecret on ${secret.name}`
  expect(await native().start(configOf(secret), rotation())).toMatchObject({ problem: { code: 'permission', detail } })
})
