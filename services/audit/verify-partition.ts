import type { AuditCheckpoint, AuditProblem, AuditReport, SignedCheckpoint } from '../../schemas/audit.ts'
import type { AuditSource } from './audit-source.ts'
import { byteLines } from './byte-lines.ts'
import { checkpointHash, type Position, startOfChain } from './chain.ts'
import { Broken, checkLine, type LineKind } from './check-line.ts'
import { fileName, folderName } from './folder.ts'
import type { SignatureCheck } from './keys.ts'

export type PartitionRules = { source: AuditSource; signature: SignatureCheck; held: SignedCheckpoint | undefined }
/** What one partition says; `problem`: the first thing that does not fit, and nothing behind it was looked at. */
export type PartitionResult = Pick<AuditReport, 'receipts' | 'checkpoints' | 'silences' | 'replaced'> & {
  partition: number
  at: Position
  problem: AuditProblem | undefined
  from?: number
  unsigned: number
  unfinished: boolean
  /** How many there must be, by what this chain says. */
  partitions: number
  keys: Set<string>
}

type Walk = PartitionResult & {
  file: string
  line: number
  heldSeen: boolean
  before?: AuditCheckpoint
}

export const verifyPartition = async (rules: PartitionRules, partition: number): Promise<PartitionResult> => {
  const walk: Walk = {
    at: startOfChain(),
    problem: undefined,
    receipts: 0,
    checkpoints: 0,
    silences: [],
    replaced: [],
    unsigned: 0,
    unfinished: false,
    partitions: 0,
    keys: new Set(),
    partition,
    file: '',
    line: 0,
    heldSeen: false,
  }
  try {
    await walkFiles(rules, walk)
    walk.file = ''
    endOfChain(rules, walk)
  } catch (error) {
    if (!(error instanceof Broken)) throw error
    const place = walk.file === '' ? {} : { file: walk.file, ...(walk.line > 0 ? { line: walk.line } : {}) }
    walk.problem = { partition, ...place, says: error.message, ...(walk.at.seq >= 0 ? { seq: walk.at.seq + 1 } : {}) }
  }
  return walk
}

const walkFiles = async ({ source, signature, held }: PartitionRules, walk: Walk): Promise<void> => {
  const folder = folderName(walk.partition)
  const files = await source.files(folder)
  for (const [i, name] of files.entries()) {
    walk.file = `${folder}/${name}`
    walk.line = 0
    if (name !== fileName(i + 1))
      throw new Broken(`here must be ${fileName(i + 1)}: a file is missing, or is not of the export`)
    if (walk.unfinished) throw new Broken('the file before this one ends inside a line')
    for await (const { lines, unfinished } of byteLines(source.read(folder, name))) {
      for (const line of lines) {
        walk.line += 1
        count(walk, checkLine(walk.at, line, signature), held)
      }
      walk.unfinished = unfinished
    }
  }
}

const count = (walk: Walk, kind: LineKind, held: SignedCheckpoint | undefined) => {
  const { at, partition } = walk
  walk.unsigned = kind === 'checkpoint' ? 0 : walk.unsigned + Number(kind === 'record')
  if (kind === 'record') walk.receipts += 1
  if (at.origin && at.origin.partition !== partition)
    throw new Broken(`this is the chain of partition ${at.origin.partition}`)
  if (kind === 'begin') walk.partitions = Math.max(walk.partitions, at.origin?.partitions ?? 0)
  if (kind === 'begin' && at.seq > 0) walk.replaced.push({ partition, seq: at.seq })
  const { checkpoint } = at
  if (kind !== 'checkpoint' || !checkpoint) return
  walk.checkpoints += 1
  walk.keys.add(checkpoint.key)
  walk.from ??= checkpoint.at
  checkHeld(walk, held)
  if (walk.before && isSilence(walk.before, checkpoint.at))
    walk.silences.push({ partition, from: walk.before.at, to: checkpoint.at })
  walk.before = checkpoint
}

/** A busy machine is late by some seconds. */
const slackMs = 10_000
export const isSilence = (last: Pick<AuditCheckpoint, 'at' | 'everyMs'>, to: number): boolean =>
  to - last.at > 2 * last.everyMs + slackMs

/** The checkpoint that the auditor holds must be in this chain, as it is. */
const checkHeld = (walk: Walk, held: SignedCheckpoint | undefined) => {
  const { checkpoint } = walk.at
  if (!held || checkpoint?.number !== held.checkpoint.number) return
  if (checkpoint.hash !== checkpointHash(held.checkpoint))
    throw new Broken(
      `checkpoint ${checkpoint.number} is another one than you hold: this is another history (a fork, or exported anew)`,
    )
  walk.heldSeen = true
}

const endOfChain = ({ held }: PartitionRules, walk: Walk) => {
  if (walk.checkpoints === 0) throw new Broken('nothing here is signed')
  if (held && !walk.heldSeen)
    throw new Broken(
      `it ends at checkpoint ${walk.at.checkpoint?.number}, and you hold ${held.checkpoint.number}: the end was cut off or rolled back`,
    )
}
