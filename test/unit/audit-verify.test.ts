import { beforeAll, describe, expect, it } from 'vitest'
import type { AuditCheckpoint, AuditKeys, KeptCheckpoints } from '../../schemas/audit.ts'
import { canonical, checkpointHash, checkpointLine, noHash, recordLine } from '../../services/audit/chain.ts'
import { publicKeys, signerOf, thumbprint } from '../../services/audit/keys.ts'
import { verifyAudit } from '../../services/audit/verify-audit.ts'
import {
  exportAll,
  type Files,
  filesOf,
  memorySource,
  newestOf,
  newRing,
  outcomeRecords,
  partsOf,
  withFolder,
} from '../support/audit-export.ts'
import { random, seedOf } from '../support/random.ts'
import { signedParts, tamperings } from '../support/tamper-export.ts'

const ring = newRing()
const keys = publicKeys(ring)
const verify = (files: Files, since?: KeptCheckpoints, with_: AuditKeys = keys) =>
  verifyAudit({ source: memorySource(files), keys: with_, since })
const says = async (files: Files, since?: KeptCheckpoints, with_?: AuditKeys) => {
  const report = await verify(files, since, with_)
  return report.verified ? 'verified' : report.problems.map(one => `p${one.partition}: ${one.says}`).join('; ')
}

let honest: Files
let held: KeptCheckpoints
/** Two partitions in several files; the last entries of the second one are not signed yet. */
beforeAll(() =>
  withFolder(async dir => {
    const clock = { at: 1_700_000_000_000 }
    await exportAll(partsOf(dir, ring, clock, { fileBytes: 2_000 }), clock, outcomeRecords(14, 2), 4)
    honest = filesOf(dir)
    const last = [...honest.keys()].sort().at(-1) ?? ''
    const lines = String(honest.get(last)).trimEnd().split('\n')
    while (lines.length > 1 && lines.at(-1)?.startsWith('{"checkpoint"')) lines.pop()
    honest.set(last, Buffer.from(`${lines.join('\n')}\n`))
    held = newestOf(honest)
  }),
)

type Parsed = { checkpoint?: AuditCheckpoint; record?: never; seq: number }
/** The lines of partition 0's chain, as somebody who has a signing key rewrites them; in one file. */
const rewritten = (change: (lines: Parsed[]) => Parsed[], signer = signerOf(ring)): Files => {
  const paths = [...honest.keys()].sort()
  const own = paths.filter(path => path.startsWith('p000'))
  const text = own.map(path => String(honest.get(path))).join('')
  const lines = change(
    text
      .trimEnd()
      .split('\n')
      .map(line => JSON.parse(line) as Parsed),
  )
  let head = (lines[0] as unknown as { hash: string }).hash
  let seq = 0
  let number = 0
  let previous = noHash
  const made = lines.map(line => {
    if (line.checkpoint) {
      const checkpoint = { ...line.checkpoint, number, previous, seq, head, key: signer.kid }
      number += 1
      previous = checkpointHash(checkpoint)
      return checkpointLine(signer.sign(checkpoint))
    }
    if (!line.record) return `${canonical(line)}\n`
    seq += 1
    const next = recordLine(head, seq, line.record)
    head = next.hash
    return next.line
  })
  const files = new Map([...honest].filter(([path]) => !path.startsWith('p000')))
  return files.set('p000/000001.jsonl', Buffer.from(made.join('')))
}
const recordAt = (lines: Parsed[], n: number) =>
  lines.map((line, i) => (line.record ? i : -1)).filter(i => i >= 0)[n] ?? 0

describe('an export is verified offline', () => {
  it('an honest one is, and what was not checked is said', async () => {
    expect(await verify(honest)).toMatchObject({ verified: true, receipts: 14, partitions: 2, endNotChecked: [0, 1] })
    expect((await verify(honest)).unsigned).toBeGreaterThan(0)
    expect(await verify(honest, held)).toMatchObject({ verified: true, endNotChecked: [] })
    expect(await verify(honest, { checkpoints: held.checkpoints.slice(0, 1) })).toMatchObject({ endNotChecked: [1] })
  })

  it('10,000 random tamperings are found, or are at the end only and reported as not checked', async () => {
    const seed = seedOf()
    const dice = random(seed)
    const names = Object.keys(tamperings)
    const original = signedParts(honest)
    const seen = { found: 0, endOnly: 0, unsignedOnly: 0 }
    for (let n = 0; n < 10_000; ) {
      const name = names[n % names.length] ?? ''
      const files: Files = new Map(honest)
      tamperings[name]?.(files, dice)
      if (sameFiles(files, honest)) continue
      n += 1
      const what = `SEED=${seed}, tampering ${n}: ${name}`
      const parts = signedParts(files)
      const report = await verify(files)
      if (report.verified) {
        for (const [folder, text] of original) {
          const now = parts.get(folder) ?? ''
          expect(now !== '' && text.startsWith(now), what).toBe(true)
        }
        expect(report.endNotChecked, what).toEqual([0, 1])
      }
      // Behind the last checkpoint nothing is signed yet, and the report counts what lies there.
      const unsignedOnly = [...original].every(([folder, text]) => parts.get(folder) === text)
      const since = report.verified ? await verify(files, held) : report
      if (since.verified) expect(unsignedOnly, what).toBe(true)
      seen[since.verified ? 'unsignedOnly' : report.verified ? 'endOnly' : 'found'] += 1
    }
    process.stdout.write(`10,000 tamperings, SEED=${seed}: ${JSON.stringify(seen)}\n`)
    expect(seen.found).toBeGreaterThan(7_000)
  }, 300_000)
})

const sameFiles = (a: Files, b: Files) =>
  a.size === b.size && [...a].every(([path, bytes]) => b.get(path)?.equals(bytes) === true)

describe('a lying exporter, which has a signing key,', () => {
  it('is found when it signs with another key, also under the name of the true one', async () => {
    const other = newRing()
    const forged = rewritten(lines => lines, signerOf(other))
    expect(await says(forged)).toMatch(/^p0: checkpoint 0 is signed by a key that you did not give$/)
    expect(await says(rewritten(lines => lines, { ...signerOf(other), kid: ring.current }))).toMatch(
      /p0: the signature of checkpoint 0 is wrong/,
    )
    const [stranger] = publicKeys(other).keys
    const twoOfOneName = { keys: [...keys.keys, { ...keys.keys[0], x: stranger?.x }] } as AuditKeys
    await expect(says(forged, undefined, twoOfOneName)).rejects.toThrow('not the one that its name says')
    expect(thumbprint(stranger?.x ?? '')).toBe(stranger?.kid)
  })

  it('is found when it leaves receipts out and signs everything anew, by whoever holds a checkpoint', async () => {
    const skipped = rewritten(lines => lines.toSpliced(recordAt(lines, 2), 1))
    expect(await says(skipped)).toBe('verified')
    expect(await says(skipped, held)).toMatch(
      /p0: checkpoint \d+ is another one than you hold: this is another history/,
    )
  })

  it('is found when it shows two histories: each holder finds that the other one is not his', async () => {
    const changed = (lines: Parsed[]) => {
      const at = recordAt(lines, 3)
      return lines.map((line, i) =>
        i === at ? { ...line, record: { ...(line.record as unknown as object), more: 1 } as never } : line,
      )
    }
    const fork = rewritten(changed)
    expect(await says(fork)).toBe('verified')
    expect(await says(fork, newestOf(fork))).toBe('verified')
    expect(await says(fork, held)).toMatch(/another history/)
    expect(await says(honest, newestOf(fork))).toMatch(/another history/)
  })

  it('is found when it rolls back and goes on', async () => {
    const shorter = rewritten(lines => lines.slice(0, -2))
    expect(await says(shorter)).toBe('verified')
    expect(await says(shorter, held)).toMatch(/p0: it ends at checkpoint \d+, and you hold \d+/)
  })

  it('is found when it exports a fact twice, moves one, or puts one into another partition', async () => {
    const twice = rewritten(lines => {
      const at = recordAt(lines, 2)
      return lines.toSpliced(at, 0, lines[at] as Parsed)
    })
    expect(await says(twice)).toMatch(/p0: fact \d+ was exported before/)
    const [, [foreign] = []] = outcomeRecords(14, 2)
    const moved = rewritten(lines =>
      lines.map((line, i) => (i === recordAt(lines, 0) ? { ...line, record: { ...foreign } as never } : line)),
    )
    expect(await says(moved)).toMatch(/p0: this receipt does not belong to this partition/)
  })

  it('is found when it goes back in time, or covers other facts', async () => {
    const back = rewritten(lines =>
      lines.map((line, i) =>
        line.checkpoint && i > 4 ? { ...line, checkpoint: { ...line.checkpoint, at: 5 } } : line,
      ),
    )
    expect(await says(back)).toMatch(/goes back in the facts or in time/)
    const other = rewritten(lines =>
      lines.map((line, i) =>
        line.checkpoint && i > 4 ? { ...line, checkpoint: { ...line.checkpoint, meta: 'f'.repeat(32) } } : line,
      ),
    )
    expect(await says(other)).toMatch(/is of other facts or of another partition/)
  })

  it('a checkpoint that these keys never signed is not taken from the auditor either', async () => {
    const [first, ...rest] = held.checkpoints
    const forged = { checkpoints: [{ ...first, signature: rest[0]?.signature }, ...rest] } as KeptCheckpoints
    expect(await says(honest, forged)).toMatch(/the checkpoint that you hold is not one that these keys signed/)
  })
})
