import { createHash } from 'node:crypto'
import type { Fact } from '../../schemas/facts.ts'

/** What a fact is about: the subject of its record key. */
const subject = (fact: Fact): string => {
  switch (fact.kind) {
    case 'meta':
      return fact.id
    case 'group':
      return fact.group
    case 'session.started':
    case 'session.active':
    case 'session.ended':
    case 'task.ended':
      return fact.sid
    case 'granted':
      return fact.gid
    case 'leaked':
      return fact.fingerprint
    case 'rotation.requested':
    case 'rotation.locked':
    case 'rotation.step':
    case 'rotation.ended':
      return fact.secret
    case 'version.held':
    case 'version.superseded':
    case 'renewed':
    case 'forced':
    case 'seen':
    case 'sealed':
    case 'outcome':
    case 'relapsed':
      return fact.cid
  }
}

/** What decides the partition: session for lifecycle and grants, credential for seen, renewals and outcomes, fingerprint for leaks. */
const partitionSubject = (fact: Fact): string => (fact.kind === 'granted' ? fact.sid : subject(fact))

/** The end of a sealed value: its record's tombstone. */
export type Shred = { kind: 'shred'; cid: string; id: string }
export type FactEntry = Fact | Shred
export type FactRecord = { key: string; value: string | null; partition: number }

/**
 * `<kind>/<subject>/<event id>/<8 hex of SHA-256 of the value>`: compaction then removes only byte-identical copies.
 * The value is the fact's JSON in its schema's key order, so that one fact has one form.
 */
export const factRecord = (fact: FactEntry, partitions: number): FactRecord => {
  if (fact.kind === 'shred') return { ...sealedPlace(fact, partitions), value: null }
  if (fact.kind === 'sealed') return { ...sealedPlace(fact, partitions), value: JSON.stringify(fact) }
  const value = JSON.stringify(fact)
  const digest = createHash('sha256').update(value).digest('hex')
  const partition = fact.kind === 'meta' ? fact.partition : partitionOf(partitionSubject(fact), partitions)
  return { key: `${fact.kind}/${subject(fact)}/${fact.event}/${digest.slice(0, 8)}`, value, partition }
}

/** Without the value's hash: a tombstone must be able to name it. */
const sealedPlace = ({ cid, id }: { cid: string; id: string }, partitions: number) => ({
  key: `sealed/${cid}/${id}`,
  partition: partitionOf(cid, partitions),
})
/** What a tombstone's key says. */
export const shredOfKey = (key: string): Shred | undefined => {
  const [kind, cid, id] = key.split('/')
  return kind === 'sealed' && cid && id ? { kind: 'shred', cid, id } : undefined
}

export const partitionOf = (subjectOfFact: string, partitions: number) =>
  createHash('sha256').update(subjectOfFact).digest().readUInt32BE(0) % partitions
