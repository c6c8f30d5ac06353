import { generateKeyPairSync } from 'node:crypto'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { AuditConfig, AuditOrigin, AuditRecord } from '../../schemas/audit.ts'
import type { AuditSource } from '../../services/audit/audit-source.ts'
import { type AuditRing, publicKeys, signatureCheck, signerOf, thumbprint } from '../../services/audit/keys.ts'
import { type ChainParts, openChain } from '../../services/audit/partition-chain.ts'
import { factRecord, partitionOf } from '../../services/pipeline/fact-key.ts'
import { facts } from './facts.ts'

/** A signing key of its own, as a ring. */
export const newRing = (): AuditRing => {
  const jwk = generateKeyPairSync('ed25519').privateKey.export({ format: 'jwk' })
  const kid = thumbprint(jwk.x ?? '')
  return { current: kid, keys: new Map([[kid, { ...jwk, kid }]]) }
}

export const originOfTest = (partition: number, partitions: number, meta = 'a'): AuditOrigin => ({
  cluster: 'c1',
  meta: meta.repeat(32).slice(0, 32),
  partition,
  partitions,
  topic: 'curfew-facts',
})

/** Outcome facts as the topic has them, by partition; offsets with gaps, as compaction leaves them. */
export const outcomeRecords = (count: number, partitions: number): AuditRecord[][] => {
  const made: AuditRecord[][] = Array.from({ length: partitions }, () => [])
  for (let i = 0; i < count; i += 1) {
    const fact = facts.outcome(`accessor-${i}`, 1_700_000_000_000 + i)
    if (fact.kind !== 'outcome') continue
    const list = made[partitionOf(fact.cid, partitions)]
    const { key } = factRecord(fact, partitions)
    list?.push({ key, offset: 1 + 3 * list.length, fact })
  }
  return made
}

export type Clock = { at: number }
export const partsOf = (
  dir: string,
  ring: AuditRing,
  clock: Clock,
  change: Partial<AuditConfig> = {},
  crashPoint: ChainParts['crashPoint'] = () => undefined,
): ChainParts => ({
  config: { dir, everyMs: 1_000, everyRecords: 1_000_000, fileBytes: 16 * 1024 * 1024, ...change },
  signer: signerOf(ring),
  signature: signatureCheck(publicKeys(ring)),
  now: () => clock.at,
  crashPoint,
})

/** Exports everything, `perCheckpoint` receipts at a time; the clock moves by an interval each time. */
export const exportAll = async (
  parts: ChainParts,
  clock: Clock,
  records: AuditRecord[][],
  perCheckpoint: number,
): Promise<void> => {
  const start = clock.at
  for (const [partition, all] of records.entries()) {
    clock.at = start
    const chain = await openChain(parts, partition)
    if (!chain.origin()) await chain.begin(originOfTest(partition, records.length))
    for (let i = 0; i < all.length; i += perCheckpoint) {
      await chain.append(all.slice(i, i + perCheckpoint), (all[i + perCheckpoint - 1]?.offset ?? 0) + 1)
      clock.at += parts.config.everyMs
      await chain.checkpointIfDue()
    }
    await chain.close()
  }
}

export const withFolder = async <T>(run: (dir: string) => Promise<T>): Promise<T> => {
  const dir = mkdtempSync(join(tmpdir(), 'curfew-audit-'))
  try {
    return await run(dir)
  } finally {
    rmSync(dir, { recursive: true, force: true })
  }
}

/** Bytes by `folder/file`. */
export type Files = Map<string, Buffer>
export const filesOf = (dir: string): Files =>
  new Map(
    readdirSync(dir).flatMap(folder =>
      readdirSync(join(dir, folder)).map(file => [`${folder}/${file}`, readFileSync(join(dir, folder, file))] as const),
    ),
  )

export const memorySource = (files: Files): AuditSource => {
  const paths = [...files.keys()].map(path => path.split('/') as [string, string])
  return {
    folders: () => Promise.resolve([...new Set(paths.map(([folder]) => folder))].sort()),
    files: folder => Promise.resolve(paths.flatMap(([in_, file]) => (in_ === folder ? [file] : [])).sort()),
    read: async function* (folder, file) {
      yield Promise.resolve(files.get(`${folder}/${file}`) ?? Buffer.alloc(0))
    },
  }
}

/** Receipts in the export, in order, by partition. */
export const recordsIn = (files: Files): AuditRecord[] =>
  [...files.keys()].sort().flatMap(path =>
    String(files.get(path))
      .split('\n')
      .filter(line => line.startsWith('{"hash":'))
      .map(line => (JSON.parse(line) as { record: AuditRecord }).record),
  )

/** The newest checkpoint of each partition. */
export const newestOf = (files: Files) => {
  const newest = new Map<string, string>()
  for (const path of [...files.keys()].sort())
    for (const line of String(files.get(path)).split('\n'))
      if (line.startsWith('{"checkpoint":')) newest.set(path.slice(0, 4), line)
  return { checkpoints: [...newest.values()].map(line => JSON.parse(line)) }
}
