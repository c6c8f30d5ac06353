import { execFile } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { SampleCredential } from '../../infra/sample/issuer.ts'
import { credentialId } from '../../services/pipeline/ids.ts'
import { expectAlive, expectDead } from '../support/expect-dead.ts'
import { files as filesIn, findsIn } from '../support/find-values.ts'
import { inParallel } from '../support/inbox-client.ts'
import { delivery, secret } from '../support/inbox-senders.ts'
import { asGithub, asStandard, type InboxStack, match, type Sending, startInboxStack } from '../support/inbox-stack.ts'
import { mutated } from '../support/mutate-delivery.ts'
import { type Random, random, seedOf } from '../support/random.ts'
import type { World } from '../support/world.ts'

let stack: InboxStack
let world: World
beforeAll(async () => {
  stack = await startInboxStack()
  world = stack.world
})
afterAll(() => stack?.close())

const held: InboxStack['held'] = (session, one) => stack.held(session, one)
const send: InboxStack['send'] = sending => stack.send(sending)
/** Not only by a space that HTTP itself takes away. */
const forgery = (one: Sending, chance: Random): Sending => {
  for (;;) {
    const { headers, body } = mutated(delivery(one.body, one.headers as Record<string, string>), chance, true).delivery
    const same = Object.entries(headers).every(([name, value]) => value?.trim() === one.headers[name])
    if (!same || !body.equals(one.body)) return { path: one.path, body, headers }
  }
}
const outcomesOf = async ({ grant }: SampleCredential) => {
  const cid = credentialId('vault-local', grant.handle)
  return (await world.outcomes()).filter(one => one.credential === cid)
}
/** A leak told after the others and dead: what was told before it was folded and would have acted. */
const canaryDies = async () => {
  const canary = await held('inbox', await world.issuer.token())
  expect((await send(asStandard(canary.credential.values[0] ?? '', crypto.randomUUID()))).status).toBe(202)
  await expectDead(world, canary, 'leaked')
}

describe('the leak inbox', () => {
  it('a token that GitHub found dies, its session’s other one lives, and a thousand replays act once', async () => {
    const token = await world.issuer.token()
    const watched = await held('inbox', token)
    const other = await held('inbox', await world.issuer.token())
    const leak = asGithub([match('not-ours-at-all'), match(token.values[0] ?? '')])
    expect(await send(leak)).toMatchObject({ status: 202, body: '{"events":0,"leaks":2,"nothing":{}}' })
    const receipt = await expectDead(world, watched, 'leaked')
    expect(receipt.attempts).toBe(1)

    const before = await outcomesOf(token)
    const answers: number[] = []
    await inParallel(Array.from({ length: 1_000 }), async () => void answers.push((await send(leak)).status))
    expect(answers.filter(status => status === 202).length).toBe(1_000)
    // The same finding by another scanner is the same leak.
    expect((await send(asStandard(token.values[0] ?? '', 'another'))).status).toBe(202)
    await canaryDies()
    expect(await outcomesOf(token)).toEqual(before)
    await expectAlive(other)
  })

  it('ten thousand forged leaks revoke nothing', async () => {
    const living = await held('inbox', await world.issuer.token())
    const value = living.credential.values[0] ?? ''
    const seed = seedOf()
    console.info(`SEED=${seed}`)
    const chance = random(seed)
    const genuine = [asGithub([match(value)]), asStandard(value, 'forged')]
    const forged = Array.from({ length: 5_000 }, (_, i) => forgery(genuine[i % 2] as Sending, chance))
    const accepted: number[] = []
    await inParallel(forged, async one => {
      const { status } = await send(one)
      if (status !== 401) accepted.push(status)
    })
    expect(accepted, `SEED=${seed}`).toEqual([])
    // Genuine senders that tell of values which are not ours, some of them almost.
    const almost = Array.from({ length: 5_000 }, (_, i) =>
      match(`${value.slice(0, i % 2 === 0 ? undefined : i % value.length)}${i}`),
    )
    for (let start = 0; start < almost.length; start += 500)
      expect((await send(asGithub(almost.slice(start, start + 500)))).status).toBe(202)
    await canaryDies()
    await expectAlive(living)
    expect(await outcomesOf(living.credential)).toEqual([])
  })

  it('a leak that comes before its grant joins it', async () => {
    const token = await world.issuer.token()
    const body = Buffer.from(JSON.stringify([{ type: 't', token: token.values[0], location: 'x' }]))
    const leak = { path: '/v1/inbox/gl/v1/revoke_tokens', body, headers: { authorization: secret } }
    expect(await send(leak)).toMatchObject({ status: 204, body: '' })
    await expectDead(world, await held('inbox', token), 'leaked')
  })

  it('curfew leak import: a database password in a URL that TruffleHog found ends its lease', async () => {
    const login = await world.issuer.databaseLogin()
    const watched = await held('inbox', login)
    const [password = ''] = login.values
    const Raw = `postgres://${login.grant.target ?? 'someone'}:${encodeURIComponent(password)}@127.0.0.1/app`
    const report = join(stack.folder, 'report.jsonl')
    const row = {
      DetectorName: 'Postgres',
      Verified: false,
      Raw,
      SourceMetadata: { Data: { Filesystem: { file: 'a.py', line: 1 } } },
    }
    writeFileSync(report, `${JSON.stringify(row)}\n${JSON.stringify({ ...row, Raw: 'nothing-of-ours' })}\n`)
    const asked = await curfew(['leak', 'import', report, '--dry-run'])
    expect([asked.code, asked.out]).toEqual([1, expect.stringContaining('ASKED  2 findings: 1 matched, 1 no match.')])
    const taken = await curfew(['leak', 'import', report])
    expect([taken.code, taken.err]).toEqual([0, ''])
    expect(taken.out).toMatch(/TAKEN {2}2 findings: 1 matched[\s\S]*matched 1 grant +Postgres +a\.py:1/)
    expect(findsIn(Buffer.from(taken.out + asked.out + asked.err), [password])).toEqual([])
    await expectDead(world, watched, 'leaked')
  })

  it('no leaked value is anywhere: Kafka, Redis, logs, receipts, the runtime folder', async () => {
    const { values } = stack
    await world.redis.save()
    const { kafkaDataDir, redisDataDir } = world.stack.addresses
    const places = [...filesIn(kafkaDataDir), ...filesIn(redisDataDir), ...filesIn(world.dir)].filter(
      file => !/vault-secret-id|postgres-probe-url|\/keys\//.test(file),
    )
    expect(values.length).toBeGreaterThan(5)
    expect(places.flatMap(file => findsIn(readIfThere(file), values).map(() => file))).toEqual([])
    expect(findsIn(Buffer.from(world.output()), values), 'logs').toEqual([])
    expect(world.output(), 'the log says what matched').toContain('"result":"matched: yes"')
    expect(findsIn(Buffer.from(JSON.stringify(await world.outcomes())), values), 'receipts').toEqual([])
  })
})

/** Redis replaces files while we look. */
const readIfThere = (file: string) => {
  try {
    return readFileSync(file)
  } catch {
    return Buffer.alloc(0)
  }
}

const curfew = (args: string[]) =>
  new Promise<{ code: number; out: string; err: string }>(resolve => {
    const file = join(import.meta.dirname, '../../services/curfew.ts')
    const env = { CURFEW_STATE_DIR: world.dir }
    execFile(process.execPath, [file, ...args], { env }, (error, out, err) =>
      resolve({ code: Number(error?.code ?? 0), out, err }),
    )
  })
