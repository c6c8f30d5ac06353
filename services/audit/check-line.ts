import { type AuditOrigin, type AuditRecord, auditBegin, signedCheckpoint } from '../../schemas/audit.ts'
import { partitionOf } from '../pipeline/fact-key.ts'
import { beginLine, checkpointHash, checkpointLine, noHash, originOf, type Position, recordLine } from './chain.ts'
import type { SignatureCheck } from './keys.ts'

/** This line is not the one that follows. */
export class Broken extends Error {
  constructor(says: string) {
    super(says)
    this.name = 'Broken'
  }
}
export type LineKind = 'record' | 'begin' | 'checkpoint'

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** Moves `at` over one line (without its newline), or throws Broken. The same for whoever verifies and whoever writes on. */
export const checkLine = (at: Position, bytes: Buffer, signature: SignatureCheck): LineKind => {
  const { text, line } = parsed(bytes)
  if ('record' in line) return checkRecord(at, text, line)
  if ('begin' in line) return checkBegin(at, text, line)
  return checkCheckpoint(at, text, line, signature)
}

const parsed = (bytes: Buffer): { text: string; line: Record<string, unknown> } => {
  try {
    const text = utf8.decode(bytes)
    const line: unknown = JSON.parse(text)
    if (typeof line === 'object' && line !== null) return { text, line: line as Record<string, unknown> }
  } catch {
    // Says less than the sentence below.
  }
  throw new Broken('this is not a line of the export')
}

const nextSeq = (at: Position, seq: unknown): number => {
  if (seq === at.seq + 1) return at.seq + 1
  throw new Broken(`entry ${at.seq + 1} must come here: entries were dropped, repeated, inserted or moved`)
}

const chained = (at: Position, text: string, line: { line: string; hash: string }, seq: number) => {
  if (`${text}\n` !== line.line)
    throw new Broken(`the hash of entry ${seq} does not fit: it was changed, or is not the one that followed here`)
  at.seq = seq
  at.head = line.hash
}

const checkRecord = (at: Position, text: string, line: Record<string, unknown>): LineKind => {
  const seq = nextSeq(at, line.seq)
  const { origin } = at
  if (!origin) throw new Broken('a receipt before the chain says whose it is')
  const record = line.record as Partial<AuditRecord> | null
  const { key, offset, fact } = record ?? {}
  if (typeof key !== 'string' || typeof offset !== 'number' || typeof fact?.cid !== 'string')
    throw new Broken('a receipt without its key, its offset or its credential')
  chained(
    at,
    text,
    canonicalLine(() => recordLine(at.head, seq, line.record as AuditRecord)),
    seq,
  )
  if (offset < at.offset) throw new Broken(`fact ${offset} was exported before, or was said not to be there`)
  if (!key.startsWith(`outcome/${fact.cid}/`) || partitionOf(fact.cid, origin.partitions) !== origin.partition)
    throw new Broken('this receipt does not belong to this partition')
  at.offset = offset + 1
  return 'record'
}

const canonicalLine = <T>(make: () => T): T => {
  try {
    return make()
  } catch {
    throw new Broken('a receipt that has no canonical form')
  }
}

const checkBegin = (at: Position, text: string, line: Record<string, unknown>): LineKind => {
  const seq = nextSeq(at, line.seq)
  const begin = auditBegin.safeParse(line.begin)
  if (!begin.success) throw new Broken('the beginning of a chain that says something else than whose it is')
  const { replaces, meta } = begin.data
  if (replaces !== at.origin?.meta) throw new Broken('the facts are said to follow others than those before')
  if (meta === replaces) throw new Broken('the facts are said to follow themselves')
  chained(at, text, beginLine(at.head, seq, begin.data), seq)
  at.origin = originOf(begin.data)
  at.offset = 0
  return 'begin'
}

const checkCheckpoint = (
  at: Position,
  text: string,
  line: Record<string, unknown>,
  signature: SignatureCheck,
): LineKind => {
  const read = signedCheckpoint.safeParse(line)
  if (!read.success) throw new Broken('this is not a line of the export')
  const { checkpoint } = read.data
  const before = at.checkpoint
  if (`${text}\n` !== checkpointLine(read.data)) throw new Broken('the checkpoint is not in its canonical form')
  const said = signature(read.data)
  if (said === 'unknown key')
    throw new Broken(`checkpoint ${checkpoint.number} is signed by a key that you did not give`)
  if (said === 'wrong') throw new Broken(`the signature of checkpoint ${checkpoint.number} is wrong`)
  if (checkpoint.number !== (before?.number ?? -1) + 1 || checkpoint.previous !== (before?.hash ?? noHash))
    throw new Broken(
      `checkpoint ${(before?.number ?? -1) + 1} must come here: checkpoints were dropped, moved or forked`,
    )
  if (checkpoint.seq !== at.seq || checkpoint.head !== at.head)
    throw new Broken(`checkpoint ${checkpoint.number} covers other entries than those before it`)
  if (!isOf(at.origin, checkpoint))
    throw new Broken(`checkpoint ${checkpoint.number} is of other facts or of another partition`)
  if (checkpoint.offset < at.offset || checkpoint.at < (before?.at ?? 0))
    throw new Broken(`checkpoint ${checkpoint.number} goes back in the facts or in time`)
  at.offset = checkpoint.offset
  at.checkpoint = { ...checkpoint, hash: checkpointHash(checkpoint) }
  return 'checkpoint'
}

const isOf = (origin: AuditOrigin | undefined, one: AuditOrigin): boolean =>
  origin !== undefined &&
  origin.cluster === one.cluster &&
  origin.meta === one.meta &&
  origin.partition === one.partition &&
  origin.partitions === one.partitions &&
  origin.topic === one.topic

/** A checkpoint, if this line is one: whether it is true is another question. */
export const readCheckpoint = (bytes: Buffer) => {
  if (!bytes.subarray(0, 14).equals(Buffer.from('{"checkpoint":'))) return undefined
  try {
    const read = signedCheckpoint.safeParse(JSON.parse(bytes.toString('utf8')))
    return read.success ? read.data : undefined
  } catch {
    return undefined
  }
}
