import type { AuditRecord } from '../../schemas/audit.ts'
import { noHash, recordLine } from '../../services/audit/chain.ts'
import type { Files } from './audit-export.ts'
import type { Random } from './random.ts'

/** What somebody without the signing key can do to an export: one thing, at a random place. */
type Tampering = (files: Files, random: Random) => void

const pick = <T>(list: readonly T[], random: Random): T => list[random.below(list.length)] as T
const paths = (files: Files) => [...files.keys()].sort()
const bytesOf = (files: Files, path: string) => files.get(path) ?? Buffer.alloc(0)
const linesOf = (files: Files, path: string) => String(files.get(path)).split('\n').slice(0, -1)
const put = (files: Files, path: string, lines: string[]) =>
  files.set(path, Buffer.from(lines.map(line => `${line}\n`).join('')))

const inLines =
  (change: (lines: string[], random: Random) => void): Tampering =>
  (files, random) => {
    const path = pick(paths(files), random)
    const lines = linesOf(files, path)
    if (lines.length > 0) change(lines, random)
    put(files, path, lines)
  }

const swapKeys = (files: Files, a: string, b: string) => {
  const [one, two] = [bytesOf(files, a), bytesOf(files, b)]
  files.set(a, two).set(b, one)
}

/** Another content in one receipt, and every hash behind it in its file made to fit again. */
const rehashed = (lines: string[], random: Random) => {
  const from = random.below(lines.length)
  let changed = false
  let head = noHash
  for (const [i, line] of lines.entries()) {
    const parsed = JSON.parse(line) as { hash?: string; record?: AuditRecord; seq: number }
    if (i >= from && parsed.record) {
      const record = changed ? parsed.record : { ...parsed.record, key: `${parsed.record.key}0` }
      const made = recordLine(head, parsed.seq, record)
      lines[i] = made.line.trimEnd()
      head = made.hash
      changed = true
    } else head = parsed.hash ?? head
  }
}

export const tamperings: Record<string, Tampering> = {
  'flip of a byte': (files, random) => {
    const path = pick(paths(files), random)
    const bytes = Buffer.from(bytesOf(files, path))
    const at = random.below(Math.max(1, bytes.length))
    if (bytes.length > 0) bytes[at] = (bytes[at] ?? 0) ^ (1 << random.below(8))
    files.set(path, bytes)
  },
  'drop of a line': inLines((lines, random) => void lines.splice(random.below(lines.length), 1)),
  'drop of some lines': inLines((lines, random) => void lines.splice(random.below(lines.length), 1 + random.below(4))),
  'a line twice': inLines((lines, random) => {
    const at = random.below(lines.length)
    lines.splice(at, 0, lines[at] ?? '')
  }),
  'a line moved': inLines((lines, random) => {
    const [line = ''] = lines.splice(random.below(lines.length), 1)
    lines.splice(random.below(lines.length + 1), 0, line)
  }),
  'a receipt changed and its hashes made to fit': inLines(rehashed),
  'a number changed': inLines((lines, random) => {
    const at = random.below(lines.length)
    lines[at] = (lines[at] ?? '').replace(/\d/g, digit => (random.below(8) === 0 ? String(9 - Number(digit)) : digit))
  }),
  'a line of another file put in': (files, random) => {
    const line = pick(linesOf(files, pick(paths(files), random)), random)
    inLines((lines, inner) => void lines.splice(inner.below(lines.length + 1), 0, line))(files, random)
  },
  'a space put in': (files, random) => {
    const path = pick(paths(files), random)
    const text = String(bytesOf(files, path))
    const at = random.below(text.length + 1)
    files.set(path, Buffer.from(`${text.slice(0, at)} ${text.slice(at)}`))
  },
  'the end cut off': (files, random) => {
    const path = pick(paths(files), random)
    files.set(path, bytesOf(files, path).subarray(0, random.below(bytesOf(files, path).length + 1)))
    for (const later of paths(files)) if (later.slice(0, 4) === path.slice(0, 4) && later > path) files.delete(later)
  },
  'whole lines cut off at the end': (files, random) => {
    const path = pick(paths(files), random)
    put(files, path, linesOf(files, path).slice(0, 1 + random.below(20)))
    for (const later of paths(files)) if (later.slice(0, 4) === path.slice(0, 4) && later > path) files.delete(later)
  },
  'drop of a file': (files, random) => void files.delete(pick(paths(files), random)),
  'two files swapped': (files, random) => swapKeys(files, pick(paths(files), random), pick(paths(files), random)),
  'a file twice': (files, random) => {
    const path = pick(paths(files), random)
    const next = `${path.slice(0, 4)}/00000${2 + random.below(7)}.jsonl`
    files.set(next, bytesOf(files, path))
  },
  'drop of a partition': (files, random) => {
    const folder = pick(paths(files), random).slice(0, 4)
    for (const path of paths(files)) if (path.startsWith(folder)) files.delete(path)
  },
  'two partitions swapped': files => {
    for (const path of paths(files)) {
      const other = path.replace('p000', 'p001')
      if (other !== path && files.has(other)) swapKeys(files, path, other)
    }
  },
}

/** Per partition, everything up to its last whole checkpoint. */
export const signedParts = (files: Files): Map<string, string> => {
  const whole = new Map<string, string>()
  for (const path of paths(files)) {
    const folder = path.slice(0, 4)
    whole.set(folder, (whole.get(folder) ?? '') + String(bytesOf(files, path)))
  }
  for (const [folder, bytes] of whole) {
    const text = bytes.slice(0, bytes.lastIndexOf('\n') + 1)
    const last = text.lastIndexOf('{"checkpoint":')
    whole.set(folder, last < 0 ? '' : text.slice(0, text.indexOf('\n', last) + 1))
  }
  return whole
}
