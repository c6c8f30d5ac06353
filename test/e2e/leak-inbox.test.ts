import { execFile } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { SampleCredential } from '../../infra/sample/issuer.ts'
import type { ApiState } from '../../schemas/http.ts'
import { credentialId } from '../../services/pipeline/ids.ts'
import { expectAlive, expectDead } from '../support/expect-dead.ts'
import { files as filesIn, findsIn } from '../support/find-values.ts'
import { type InboxClient, inboxClient, inParallel } from '../support/inbox-client.ts'
import { delivery, files, partnerKeySet, secret, signers } from '../support/inbox-senders.ts'
import { mutated } from '../support/mutate-delivery.ts'
import { type Random, random, seedOf } from '../support/random.ts'
import { seal } from '../support/seal.ts'
import { until } from '../support/until.ts'
import { startWorld, twoOfEach, type World } from '../support/world.ts'

let world: World
let client: InboxClient
let keys: Server
const folder = mkdtempSync(join(tmpdir(), 'curfew-inbox-'))
const values: string[] = []

beforeAll(async () => {
  keys = createServer((_request, answer) => void answer.setHeader('connection', 'close').end(partnerKeySet))
  await new Promise<void>(resolve => keys.listen(0, '127.0.0.1', resolve))
  for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), content, { mode: 0o600 })
  const file = (name: string) => [{ file: join(folder, name) }]
  const sender = { principal: 'scanner', perMinute: 1_000_000 }
  world = await startWorld({
    processes: [...twoOfEach, ['api']],
    env: { CURFEW_LOG_LEVEL: 'trace' },
    overrides: {
      api: { port: 0 },
      inbox: {
        senders: [
          {
            ...sender,
            id: 'gh',
            dialect: 'github-partner',
            keysUrl: `http://127.0.0.1:${(keys.address() as AddressInfo).port}/`,
          },
          { ...sender, id: 'gl', dialect: 'gitlab', secrets: file('secret'), types: ['t'] },
          { ...sender, id: 'mine', dialect: 'standard-webhooks', secrets: file('whsec'), clear: true },
        ],
      },
    },
  })
  const state = await until(
    'the API listens',
    () => JSON.parse(readFileSync(join(world.dir, 'api.json'), 'utf8')) as ApiState,
  )
  client = inboxClient(state.url)
})
afterAll(async () => {
  client?.close()
  await world?.close()
  await new Promise(resolve => keys?.close(resolve))
  rmSync(folder, { recursive: true })
})

/** With the fingerprint of its value, as an issuer announces it. */
const held = async (session: string, one: SampleCredential) => {
  const value = one.values[0] ?? ''
  values.push(value)
  return world.handOut(session, one, { sealed: [await seal(world.config, value)] })
}
const match = (token: string, url = 'https://github.com/o/r/blob/a/b.txt') => ({
  token,
  type: 'vault',
  url,
  source: 'commit',
})
const asGithub = (entries: object[]) => {
  const body = Buffer.from(JSON.stringify(entries))
  return { path: '/v1/inbox/gh', body, headers: signers.githubPartner(body) }
}
const asStandard = (value: string, id: string) => {
  const body = Buffer.from(JSON.stringify({ value }))
  return { path: '/v1/inbox/mine', body, headers: signers.standardV1(body, Date.now(), id) }
}
/** Not only by a space that HTTP itself takes away. */
const forgery = (one: Sending, chance: Random): Sending => {
  for (;;) {
    const { headers, body } = mutated(delivery(one.body, one.headers as Record<string, string>), chance, true).delivery
    const same = Object.entries(headers).every(([name, value]) => value?.trim() === one.headers[name])
    if (!same || !body.equals(one.body)) return { path: one.path, body, headers }
  }
}
type Sending = { path: string; body: Buffer; headers: Record<string, string | undefined> }
const send = ({ path, body, headers }: Sending) => client.post(path, body, headers)
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
    const report = join(folder, 'report.jsonl')
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

  it('while Kafka is down the sender is told 503; the same delivery, sent again, acts', async () => {
    const living = await held('inbox', await world.issuer.token())
    const leak = asStandard(living.credential.values[0] ?? '', 'while-down')
    await world.stack.stop('kafka')
    expect(await send(leak)).toMatchObject({ status: 503, body: expect.stringContaining('nothing was done') })
    await world.stack.start('kafka')
    await until('it is taken', async () => (await send(leak)).status === 202, { everyMs: 500 })
    await expectDead(world, living, 'leaked')
  })

  it('no leaked value is anywhere: Kafka, Redis, logs, receipts, the runtime folder', async () => {
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
