import { copyFileSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { SampleCredential } from '../../infra/sample/issuer.ts'
import { type OauthServer, startOauthServer } from '../../infra/sample/oauth-server.ts'
import { sampleOauthStore } from '../../infra/sample/oauth-store.ts'
import type { Watched } from '../../infra/sample/prober.ts'
import type { FactOf } from '../../schemas/facts.ts'
import { parseFact } from '../../services/ledger/partition.ts'
import { credentialId } from '../../services/pipeline/ids.ts'
import { sealedHash } from '../../services/pipeline/merges.ts'
import { loadKeyRings } from '../../services/runtime/key-rings.ts'
import { sealing } from '../../services/runtime/sealing.ts'
import { factsTopic } from '../support/compaction.ts'
import { expectDead } from '../support/expect-dead.ts'
import { files, findsIn } from '../support/find-values.ts'
import { seal } from '../support/seal.ts'
import { until } from '../support/until.ts'
import { startWorld, type World } from '../support/world.ts'

let server: OauthServer
let world: World
let topic: Awaited<ReturnType<typeof factsTopic>>
let held: SampleCredential[]
let watched: Watched[]
let announced: string[]
let sealed: FactOf<'sealed'>[]
const folder = mkdtempSync(join(tmpdir(), 'curfew-sealed-'))

beforeAll(async () => {
  server = await startOauthServer()
  world = await startWorld({
    overrides: { recheckMs: 1_500 },
    stores: [sampleOauthStore(server, folder)],
    env: { CURFEW_LOG_LEVEL: 'trace', DEBUG: '' },
  })
  topic = await factsTopic(world)
  await world.emitter.emit('curfew.session.started', { session: 's' })
  held = [await server.issueAccessToken(), await server.issueRefreshToken()]
  // The sender's own encryption, kept here to look for it later.
  announced = await Promise.all(held.map(one => seal(world.config, one.shown ?? '')))
  watched = await Promise.all(held.map((one, i) => world.handOut('s', one, { value: announced[i] })))
  for (const { grant } of held)
    await until('Curfew saw it', () => world.redis.hget(world.key(`c:${cidOf(grant.handle)}`), 'seen'))
  sealed = (await factsNow()).filter(fact => fact.kind === 'sealed')
})
afterAll(async () => {
  await topic?.close()
  await world?.close()
  await server?.close()
  rmSync(folder, { recursive: true })
})

const cidOf = (handle: string) => credentialId('oauth-local', handle)
const factsNow = async () =>
  (await topic.read()).flatMap(({ value }) => (value === null ? [] : (parseFact(Buffer.from(value)) ?? [])))
const values = () => held.map(one => one.shown ?? '')
const placesOf = (texts: string[]) => {
  const { kafkaDataDir, redisDataDir } = world.stack.addresses
  return [kafkaDataDir, redisDataDir, world.dir].flatMap(files).flatMap(file => {
    // The cleaner and Redis replace files while we look.
    const bytes = readIfThere(file)
    return findsIn(bytes, texts).map(() => file)
  })
}
const readIfThere = (file: string): Buffer => {
  try {
    return readFileSync(file)
  } catch {
    return Buffer.alloc(0)
  }
}
const partitionFiles = () => files(world.stack.addresses.kafkaDataDir).filter(file => file.includes(`/${topic.topic}-`))

it('a token that must be shown to its issuer lies in the facts as a sealed blob, and nowhere in clear', async () => {
  expect(sealed.map(fact => fact.cid).sort()).toEqual(held.map(one => cidOf(one.grant.handle)).sort())
  await world.redis.save()
  expect(placesOf(values()), 'in Kafka, Redis, the runtime folder, the keys').toEqual([])
  expect(findsIn(Buffer.from(world.output()), values()), 'logs').toEqual([])
  const blobs = sealed.map(fact => fact.blob)
  expect(
    partitionFiles().some(file => findsIn(readIfThere(file), blobs).length > 0),
    'the scan finds a blob',
  ).toBe(true)
})

it('the blob opens with its ring and its credential only', async () => {
  const { keysDir } = world.config
  const rings = await loadKeyRings(keysDir)
  const own = sealing(rings.sealing)
  for (const { cid, blob } of sealed) {
    expect(values(), 'its ring opens it').toContain(own.open(cid, blob))
    const kid = blob.slice(0, blob.indexOf('.'))
    for (const other of sealed.filter(one => one.cid !== cid)) expect(own.open(other.cid, blob)).toBeUndefined()
    expect(
      own.open(
        cid.replace(/^./, first => (first === '0' ? '1' : '0')),
        blob,
      ),
    ).toBeUndefined()
    const altered = `${blob.slice(0, -8)}${blob.slice(-8) === 'AAAAAAAA' ? 'BBBBBBBB' : 'AAAAAAAA'}`
    expect(own.open(cid, altered), 'altered').toBeUndefined()

    const foreign = await loadKeyRings(join(folder, 'another-ring'))
    expect(sealing(foreign.sealing).open(cid, blob), 'another ring').toBeUndefined()
    const renamed = {
      current: kid,
      keys: new Map([[kid, foreign.sealing.keys.get(foreign.sealing.current) as Buffer]]),
    }
    expect(sealing(renamed).open(cid, blob), 'another key under its name').toBeUndefined()
  }
})

it('every other file of the key ring together does not open it', async () => {
  const { keysDir } = world.config
  const stolen = mkdtempSync(join(folder, 'stolen-'))
  const names = readdirSync(keysDir).filter(name => name !== 'sealing-keys.json')
  expect(names.sort()).toEqual(['intake-keys.json', 'peppers.json'])
  for (const name of names) copyFileSync(join(keysDir, name), join(stolen, name))
  const rings = await loadKeyRings(stolen)
  const secrets = [
    ...rings.peppers.keys.values(),
    ...[...rings.intake.keys.values()].map(key => Buffer.from(key.d ?? '', 'base64url')),
    ...rings.sealing.keys.values(),
  ]
  expect(secrets.every(secret => secret.length === 32)).toBe(true)
  for (const { cid, blob } of sealed)
    for (const secret of secrets) {
      const kid = blob.slice(0, blob.indexOf('.'))
      expect(sealing({ current: kid, keys: new Map([[kid, secret]]) }).open(cid, blob)).toBeUndefined()
    }
})

it('after the second look and Kafka’s own compaction the blob is gone from the topic, and from its files', async () => {
  await world.emitter.emit('curfew.session.ended', { session: 's' })
  for (const one of watched) await expectDead(world, one, 'session_ended')
  for (const { cid } of sealed)
    await until('it is shredded', async () => (await world.redis.hlen(world.key(sealedHash(cid)))) === 0)
  const blobs = sealed.map(fact => fact.blob)
  const seen = (await factsNow()).filter(fact => fact.kind === 'seen')
  await topic.hurryCompaction()
  const left = async () => {
    // In the partitions of the blobs.
    for (const fact of seen) if (sealed.some(({ cid }) => cid === fact.cid)) await topic.again(fact)
    return (await topic.read()).filter(({ value }) => blobs.some(blob => value?.includes(blob)))
  }
  await until('no blob is in the topic', async () => (await left()).length === 0, { withinMs: 60_000, everyMs: 700 })
  const tombstones = (await topic.read()).filter(({ key, value }) => key.startsWith('sealed/') && value === null)
  expect(tombstones.map(({ key }) => key.split('/')[1]).sort(), 'only their ends').toEqual(
    sealed.map(({ cid }) => cid).sort(),
  )
  const onDisk = () => partitionFiles().filter(file => findsIn(readIfThere(file), blobs).length > 0)
  await until('no blob is in its files', () => onDisk().length === 0, { withinMs: 30_000 })

  await world.redis.save()
  expect(placesOf(values()), 'no value in clear, after its death').toEqual([])
  expect(findsIn(Buffer.from(world.output()), values()), 'logs').toEqual([])
  expect(findsIn(Buffer.from(JSON.stringify(await world.outcomes())), values()), 'receipts').toEqual([])
})

it('what does remain: the sender’s own encryption in the input topic, until its retention', () => {
  const inputs = files(world.stack.addresses.kafkaDataDir).filter(file =>
    file.includes(`/${world.config.kafka.topics.grants}-`),
  )
  expect(inputs.some(file => findsIn(readIfThere(file), announced).length > 0)).toBe(true)
})
