import type { AuditKeys, AuditProblem, AuditReport, KeptCheckpoints, SignedCheckpoint } from '../../schemas/audit.ts'
import type { AuditSource } from './audit-source.ts'
import { folderName } from './folder.ts'
import { signatureCheck } from './keys.ts'
import { isSilence, type PartitionResult, verifyPartition } from './verify-partition.ts'

export type VerifyOptions = { source: AuditSource; keys: AuditKeys; since?: KeptCheckpoints | undefined }

/** Offline, with the public keys alone: every byte of every file is in exactly the place where it was written, or it is said where not. */
export const verifyAudit = async ({ source, keys, since }: VerifyOptions): Promise<AuditReport> => {
  const startedAt = performance.now()
  const signature = signatureCheck(keys)
  const held = new Map<number, SignedCheckpoint>()
  const problems: AuditProblem[] = []
  for (const one of since?.checkpoints ?? []) {
    const { partition } = one.checkpoint
    if (signature(one) !== 'right' || held.has(partition))
      problems.push({
        partition,
        says: 'the checkpoint that you hold is not one that these keys signed, once per partition',
      })
    held.set(partition, one)
  }
  const results: PartitionResult[] = []
  const folders = await source.folders()
  const wanted = () =>
    Math.max(1, ...results.map(one => one.partitions), ...[...held.keys()].map(partition => partition + 1))
  // How many there must be the chains themselves say.
  for (let partition = 0; partition < wanted(); partition += 1) {
    if (folders.includes(folderName(partition)))
      results.push(await verifyPartition({ source, signature, held: held.get(partition) }, partition))
    else problems.push({ partition, says: `its folder ${folderName(partition)} is missing` })
  }
  const expected = new Set(Array.from({ length: wanted() }, (_, partition) => folderName(partition)))
  for (const name of folders)
    if (!expected.has(name)) problems.push({ file: name, says: 'this is not part of the export' })
  return report(results, problems, held, performance.now() - startedAt)
}

const report = (
  results: PartitionResult[],
  own: AuditProblem[],
  held: ReadonlyMap<number, unknown>,
  ms: number,
): AuditReport => {
  const problems = [...own, ...results.flatMap(one => one.problem ?? [])]
  const sum = (of: (one: PartitionResult) => number) => results.reduce((total, one) => total + of(one), 0)
  const firsts = results.flatMap(one => one.from ?? [])
  const lasts = results.flatMap(one => one.at.checkpoint?.at ?? [])
  return {
    verified: problems.length === 0,
    problems,
    partitions: results.length,
    receipts: sum(one => one.receipts),
    checkpoints: sum(one => one.checkpoints),
    ...(firsts.length === 0 ? {} : { from: Math.min(...firsts), to: Math.min(...lasts) }),
    unsigned: sum(one => one.unsigned),
    unfinished: results.flatMap(one => (one.unfinished ? [one.partition] : [])),
    silences: [...results.flatMap(one => one.silences), ...endedEarly(results)],
    replaced: results.flatMap(one => one.replaced),
    keys: [...new Set(results.flatMap(one => [...one.keys]))],
    endNotChecked: results.flatMap(({ partition }) => (held.has(partition) ? [] : [partition])),
    ms: Math.round(ms),
  }
}

/** One exporter signs all partitions: one that ends long before the others was left alone, or cut. */
const endedEarly = (results: PartitionResult[]): AuditReport['silences'] => {
  const to = Math.max(...results.map(one => one.at.checkpoint?.at ?? 0))
  return results.flatMap(({ partition, at: { checkpoint } }) =>
    checkpoint && isSilence(checkpoint, to) ? [{ partition, from: checkpoint.at, to }] : [],
  )
}
