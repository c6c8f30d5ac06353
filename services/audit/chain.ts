import { createHash } from 'node:crypto'
import canonicalize from 'canonicalize'
import type { AuditBegin, AuditCheckpoint, AuditOrigin, AuditRecord, SignedCheckpoint } from '../../schemas/audit.ts'

/** The bytes of the chain, and nothing else: what docs/audit.md defines. Every line is canonical JSON (RFC 8785) and a newline. */
export const noHash = '0'.repeat(64)

export const canonical = (value: unknown): string => {
  const text = canonicalize(value)
  if (text === undefined) throw new Error('not a JSON value')
  return text
}

/** First byte of what is hashed: an entry of one kind is never read as one of another. */
const tags = { record: 0, begin: 1, checkpoint: 2 }

/** SHA-256(tag || hash of the entry before || seq, 8 bytes big endian || canonical JSON). */
const linked = (tag: number, previous: string, seq: number, text: string): string => {
  const head = Buffer.alloc(41)
  head[0] = tag
  head.write(previous, 1, 'hex')
  head.writeBigUInt64BE(BigInt(seq), 33)
  return createHash('sha256').update(head).update(text).digest('hex')
}

export type Line = { line: string; hash: string }

export const recordLine = (previous: string, seq: number, record: AuditRecord): Line => {
  const text = canonical(record)
  const hash = linked(tags.record, previous, seq, text)
  return { hash, line: `{"hash":"${hash}","record":${text},"seq":${seq}}\n` }
}

export const beginLine = (previous: string, seq: number, begin: AuditBegin): Line => {
  const text = canonical(begin)
  const hash = linked(tags.begin, previous, seq, text)
  return { hash, line: `{"begin":${text},"hash":"${hash}","seq":${seq}}\n` }
}

/** SHA-256(2 || canonical JSON of the checkpoint). It covers an entry by its number and hash, and is none itself. */
export const checkpointHash = (checkpoint: AuditCheckpoint): string =>
  createHash('sha256')
    .update(Buffer.from([tags.checkpoint]))
    .update(canonical(checkpoint))
    .digest('hex')

/** What is signed. No other use of an Ed25519 key begins with these bytes. */
export const signedBytes = (checkpoint: AuditCheckpoint): Buffer =>
  Buffer.from(`curfew-audit-checkpoint-v1\0${canonical(checkpoint)}`)

export const checkpointLine = (signed: SignedCheckpoint): string => `${canonical(signed)}\n`

/** Where a chain stands, for whoever writes it on or checks it on. */
export type Position = {
  /** Of the last entry; -1: none. */
  seq: number
  head: string
  origin?: AuditOrigin
  /** The next entry's fact lies here or later. */
  offset: number
  checkpoint?: AuditCheckpoint & { hash: string }
}

export const startOfChain = (): Position => ({ seq: -1, head: noHash, offset: 0 })

export const originOf = ({ cluster, meta, partition, partitions, topic }: AuditOrigin): AuditOrigin => ({
  cluster,
  meta,
  partition,
  partitions,
  topic,
})

export const afterCheckpoint = (checkpoint: AuditCheckpoint): Position => ({
  seq: checkpoint.seq,
  head: checkpoint.head,
  origin: originOf(checkpoint),
  offset: checkpoint.offset,
  checkpoint: { ...checkpoint, hash: checkpointHash(checkpoint) },
})
