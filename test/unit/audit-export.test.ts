import { createHash } from 'node:crypto'
import { appendFileSync, chmodSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { publicKeys } from '../../services/audit/keys.ts'
import { openChain } from '../../services/audit/partition-chain.ts'
import { verifyAudit } from '../../services/audit/verify-audit.ts'
import {
  exportAll,
  filesOf,
  memorySource,
  newestOf,
  newRing,
  originOfTest,
  outcomeRecords,
  partsOf,
  recordsIn,
  withFolder,
} from '../support/audit-export.ts'

const ring = newRing()
const keys = publicKeys(ring)
const day = 86_400_000
const verified = (dir: string, since?: ReturnType<typeof newestOf>) =>
  verifyAudit({ source: memorySource(filesOf(dir)), keys, since })
const [records = []] = outcomeRecords(12, 1)
const origin = originOfTest(0, 1)

describe('the export of receipts', () => {
  it('has the hashes and signatures that docs/audit.md defines', () =>
    withFolder(async dir => {
      const clock = { at: 5 * day }
      await exportAll(partsOf(dir, ring, clock), clock, [records], 5)
      const lines = String(filesOf(dir).get('p000/000001.jsonl')).trimEnd().split('\n')
      let head = Buffer.alloc(32)
      let previous = '0'.repeat(64)
      let seq = 0
      for (const line of lines) {
        const content = /^\{"(?:begin|checkpoint)":(\{.*?\}),"|^\{"hash":"\w+","record":(\{.*\}),"seq":\d+\}$/.exec(
          line,
        )
        const text = content?.[1] ?? content?.[2] ?? ''
        const parsed = JSON.parse(line) as { hash: string; checkpoint?: { head: string; previous: string } }
        if (parsed.checkpoint) {
          expect(parsed.checkpoint).toMatchObject({ head: head.toString('hex'), previous })
          previous = createHash('sha256').update('\u0002').update(text).digest('hex')
          continue
        }
        const number = Buffer.alloc(8)
        number.writeUInt32BE(seq, 4)
        const tag = Buffer.from([line.startsWith('{"begin"') ? 1 : 0])
        head = createHash('sha256')
          .update(Buffer.concat([tag, head, number, Buffer.from(text)]))
          .digest()
        expect(parsed.hash).toBe(head.toString('hex'))
        seq += 1
      }
      expect([seq, recordsIn(filesOf(dir))]).toEqual([1 + records.length, records])
      expect(await verified(dir)).toMatchObject({ verified: true, receipts: 12, checkpoints: 4, unsigned: 0 })
    }))

  it('signs intervals in which nothing happened, and says where nobody signed', () =>
    withFolder(async dir => {
      const clock = { at: 0 }
      const chain = await openChain(partsOf(dir, ring, clock), 0)
      await chain.begin(origin)
      for (const ms of [1_000, 1_000, 500, 60_000]) {
        clock.at += ms
        await chain.checkpointIfDue()
      }
      await chain.close()
      expect(await verified(dir)).toMatchObject({
        verified: true,
        checkpoints: 4,
        silences: [{ partition: 0, from: 2_000, to: 62_500 }],
      })
    }))

  it('torn at any byte behind the last checkpoint it goes on as one chain that has each receipt once', () =>
    withFolder(async dir => {
      const clock = { at: 0 }
      const parts = partsOf(dir, ring, clock)
      await exportAll(parts, clock, [records.slice(0, 6)], 6)
      const held = newestOf(filesOf(dir))
      const chain = await openChain(parts, 0)
      await chain.append(records.slice(6, 8), 30)
      const torn = filesOf(dir).get('p000/000002.jsonl') ?? Buffer.alloc(0)
      for (let bytes = 0; bytes <= torn.length; bytes += 149)
        await withFolder(async copy => {
          mkdirSync(join(copy, 'p000'))
          for (const [path, content] of filesOf(dir))
            writeFileSync(join(copy, path), path.endsWith('2.jsonl') ? torn.subarray(0, bytes) : content, {
              mode: 0o600,
            })
          await exportAll(partsOf(copy, ring, clock), clock, [records], 100)
          expect(recordsIn(filesOf(copy)), `cut at ${bytes}`).toEqual(records)
          expect(await verified(copy, held), `cut at ${bytes}`).toMatchObject({ verified: true, endNotChecked: [] })
        })
      // As a power cut leaves it: a block of zeros, or of something else.
      appendFileSync(join(dir, 'p000/000002.jsonl'), `${'\0'.repeat(100)}\nnot ours\n`)
      await exportAll(parts, clock, [records], 100)
      expect(recordsIn(filesOf(dir))).toEqual(records)
      expect(await verified(dir, held)).toMatchObject({ verified: true })
      await chain.close().catch(() => undefined)
    }))

  it('two exporters at once do not fork: what the one that was overtaken writes is nobody’s', () =>
    withFolder(async dir => {
      const clock = { at: 0 }
      const parts = partsOf(dir, ring, clock)
      const first = await openChain(parts, 0)
      await first.begin(origin)
      await first.append(records.slice(0, 4), 12)
      const second = await openChain(parts, 0)
      clock.at += 1_000
      await first.append(records.slice(4, 6), 18)
      await expect(first.checkpointIfDue()).rejects.toThrow('another exporter took over')
      await expect(first.append(records.slice(6, 7), 20)).rejects.toThrow('another exporter took over')
      await second.append(records, 40)
      await second.checkpointIfDue()
      await Promise.all([first.close(), second.close()])
      expect(recordsIn(filesOf(dir))).toEqual(records)
      expect(await verified(dir)).toMatchObject({ verified: true, receipts: 12, unsigned: 0 })
    }))

  it('many that open it at the same moment leave one chain', () =>
    withFolder(async dir => {
      const clock = { at: 0 }
      const parts = partsOf(dir, ring, clock, { everyRecords: 1 })
      await exportAll(parts, clock, [records.slice(0, 2)], 2)
      const run = async () => {
        const chain = await openChain(parts, 0)
        try {
          for (let i = 0; i < records.length; i += 1) await chain.append(records.slice(0, i + 1), 3 * i + 2)
        } finally {
          await chain.close()
        }
      }
      for (let round = 0; round < 5; round += 1) await Promise.allSettled([run(), run(), run()])
      await run()
      expect(recordsIn(filesOf(dir))).toEqual(records)
      expect(await verified(dir)).toMatchObject({ verified: true, receipts: records.length })
    }))

  it('another facts topic goes on in the same chain, which says so, and nothing before can be left out', () =>
    withFolder(async dir => {
      const clock = { at: 0 }
      const parts = partsOf(dir, ring, clock)
      await exportAll(parts, clock, [records], 100)
      const held = newestOf(filesOf(dir))
      const chain = await openChain(parts, 0)
      await chain.begin(originOfTest(0, 1, 'b'))
      await chain.append(records.slice(0, 3), 9)
      await chain.close()
      expect(await verified(dir, held)).toMatchObject({
        verified: true,
        receipts: 15,
        replaced: [{ partition: 0, seq: 13 }],
      })
    }))

  it('a large file and one of another day are closed, read-only, behind a checkpoint', () =>
    withFolder(async dir => {
      const clock = { at: 0 }
      await exportAll(partsOf(dir, ring, clock, { fileBytes: 2_000 }), clock, [records], 3)
      const chain = await openChain(partsOf(dir, ring, clock), 0)
      clock.at += day
      await chain.checkpointIfDue()
      await chain.close()
      const files = readdirSync(join(dir, 'p000')).sort()
      expect(files.length).toBeGreaterThan(4)
      const writable = files.filter(file => (statSync(join(dir, 'p000', file)).mode & 0o200) !== 0)
      expect(writable).toEqual(files.slice(-1))
      expect(await verified(dir)).toMatchObject({ verified: true, receipts: 12 })
    }))

  it('is not written on behind files that somebody changed, or with another key ring', () =>
    withFolder(async dir => {
      const clock = { at: 0 }
      const parts = partsOf(dir, ring, clock)
      await exportAll(parts, clock, [records], 4)
      await expect(openChain(partsOf(dir, newRing(), clock), 0)).rejects.toThrow('not signed by a key of the ring')
      const last = join(dir, 'p000', '000001.jsonl')
      chmodSync(last, 0o600)
      const text = readFileSync(last, 'utf8')
      writeFileSync(last, text.replace(/"at":3000/, '"at":3001'))
      await expect(openChain(parts, 0)).rejects.toThrow('not signed by a key of the ring')
      expect(readdirSync(join(dir, 'p000')), 'nothing was made').toEqual(['000001.jsonl'])
    }))
})
