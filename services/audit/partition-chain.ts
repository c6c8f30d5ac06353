import { type FileHandle, mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { AuditConfig, AuditOrigin, AuditRecord } from '../../schemas/audit.ts'
import type { PassCrashPoint } from '../pipeline/crash-points.ts'
import { beginLine, checkpointHash, checkpointLine, noHash, type Position, recordLine } from './chain.ts'
import { folderName, indexes, takeOver } from './folder.ts'
import { type GrowingFile, growingFile } from './growing-file.ts'
import type { SignatureCheck, Signer } from './keys.ts'
import { NotOurs, resume } from './resume.ts'

export type ChainParts = {
  config: Pick<AuditConfig, 'dir' | 'everyMs' | 'everyRecords' | 'fileBytes'>
  signer: Signer
  signature: SignatureCheck
  now(): number
  crashPoint: PassCrashPoint
}

/** The chain of one partition, written on by this process alone. Every call waits for the one before. */
export type PartitionChain = {
  origin(): AuditOrigin | undefined
  /** These facts from now on: the first ones, or others in the place of those before. */
  begin(origin: AuditOrigin): Promise<void>
  /** In their order; what was exported before is left out. `next`: the facts before it were read. The number exported. */
  append(records: AuditRecord[], next: number): Promise<number>
  /** Signs, if it is time. */
  checkpointIfDue(): Promise<boolean>
  /** Signs what is not signed yet. */
  close(): Promise<void>
}

const dayMs = 86_400_000

type Chain = ChainParts & { at: Position; file: GrowingFile; readTo: number }

export const openChain = async (parts: ChainParts, partition: number): Promise<PartitionChain> => {
  const folder = join(parts.config.dir, folderName(partition))
  await mkdir(folder, { recursive: true, mode: 0o700 })
  // Before a file is claimed: what cannot be gone on with is left as it is.
  const { origin } = await resume(folder, await indexes(folder), parts.signature, 'look')
  if (origin && origin.partition !== partition)
    throw new NotOurs(`the audit files in ${folder} are of partition ${origin.partition}`)
  const { index, handle } = await takeOver(folder)
  parts.crashPoint('after_audit_taken_over')
  const chain = await goOn(parts, folder, index, handle).catch(async error => {
    await handle.close()
    throw error
  })
  let queue: Promise<unknown> = Promise.resolve()
  const inTurn = <T>(run: () => Promise<T>): Promise<T> => {
    // After a failure nothing is written any more: what the file holds of it only the next one to open it can tell.
    const result = queue.then(run)
    queue = result
    result.catch(() => undefined)
    return result
  }
  return {
    origin: () => chain.at.origin,
    begin: origin => inTurn(() => begin(chain, origin)),
    append: (records, next) => inTurn(() => append(chain, records, next)),
    checkpointIfDue: () => inTurn(() => checkpointIfDue(chain)),
    close: async () => {
      await inTurn(() => (unsigned(chain) > 0 ? checkpoint(chain) : Promise.resolve())).catch(() => undefined)
      await chain.file.close()
    },
  }
}

const goOn = async (parts: ChainParts, folder: string, index: number, handle: FileHandle): Promise<Chain> => {
  const sealed = (await indexes(folder)).filter(one => one < index)
  const at = await resume(folder, sealed, parts.signature)
  return { ...parts, at, file: await growingFile(folder, index, handle), readTo: at.offset }
}

const unsigned = ({ at }: Chain): number => at.seq - (at.checkpoint?.seq ?? -1)

const begin = async (chain: Chain, origin: AuditOrigin): Promise<void> => {
  const { at } = chain
  const seq = at.seq + 1
  const replaces = at.origin === undefined ? {} : { replaces: at.origin.meta }
  const { hash, line } = beginLine(at.head, seq, { v: 1, ...origin, ...replaces })
  await chain.file.append(line)
  chain.at = { ...at, seq, head: hash, origin, offset: 0 }
  chain.readTo = 0
  await checkpoint(chain)
}

const append = async (chain: Chain, records: AuditRecord[], next: number): Promise<number> => {
  const { at } = chain
  const lines: string[] = []
  for (const record of records) {
    if (record.offset < at.offset) continue
    const seq = at.seq + 1
    const { hash, line } = recordLine(at.head, seq, record)
    lines.push(line)
    at.seq = seq
    at.head = hash
    at.offset = record.offset + 1
  }
  if (lines.length > 0) await chain.file.append(lines.join(''))
  chain.readTo = Math.max(chain.readTo, next)
  chain.crashPoint('after_audit_appended')
  if (unsigned(chain) >= chain.config.everyRecords) await checkpoint(chain)
  return lines.length
}

const checkpointIfDue = async (chain: Chain): Promise<boolean> => {
  const { at, config } = chain
  if (!at.origin || chain.now() - (at.checkpoint?.at ?? 0) < config.everyMs) return false
  await checkpoint(chain)
  return true
}

/** What it covers is durable before it is, and it before anybody relies on it. */
const checkpoint = async (chain: Chain): Promise<void> => {
  const { at, config, signer } = chain
  const before = at.checkpoint
  if (!at.origin) return
  await chain.file.sync()
  const signed = signer.sign({
    v: 1,
    ...at.origin,
    number: (before?.number ?? -1) + 1,
    previous: before?.hash ?? noHash,
    seq: at.seq,
    head: at.head,
    offset: Math.max(at.offset, chain.readTo),
    // A clock that was set back does not make a chain that goes back.
    at: Math.max(chain.now(), before?.at ?? 0),
    everyMs: config.everyMs,
    key: signer.kid,
  })
  const { checkpoint: made } = signed
  await chain.file.append(checkpointLine(signed))
  chain.crashPoint('after_audit_signed')
  await chain.file.sync()
  at.checkpoint = { ...made, hash: checkpointHash(made) }
  at.offset = made.offset
  const anotherDay = before !== undefined && Math.floor(before.at / dayMs) < Math.floor(made.at / dayMs)
  if (chain.file.bytes() >= config.fileBytes || anotherDay) chain.file = await chain.file.next()
}
