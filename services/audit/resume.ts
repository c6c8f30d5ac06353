import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { AuditCheckpoint } from '../../schemas/audit.ts'
import { afterCheckpoint, type Position, startOfChain } from './chain.ts'
import { Broken, checkLine, readCheckpoint } from './check-line.ts'
import { cutSealed, fileName } from './folder.ts'
import type { SignatureCheck } from './keys.ts'

/** The files were changed by somebody else: nothing is written on behind them. */
export class NotOurs extends Error {
  constructor(says: string) {
    super(says)
    this.name = 'NotOurs'
  }
}

/**
 * Where the sealed files end (`look`: or any others): at the last checkpoint of ours, and the whole entries behind it. Nothing else is remembered
 * anywhere. Entries behind the last checkpoint that a power cut spoiled are cut off: nobody signed them, and their facts are
 * exported again.
 */
export const resume = async (
  folder: string,
  files: number[],
  signature: SignatureCheck,
  cut: 'cut' | 'look' = 'cut',
): Promise<Position> => {
  const tail: { index: number; lines: Buffer[] }[] = []
  let found: { checkpoint: AuditCheckpoint; line: number } | undefined
  for (const index of files.toReversed()) {
    const lines = linesOf(await readFile(join(folder, fileName(index))))
    tail.unshift({ index, lines })
    found = lastCheckpoint(lines, signature)
    if (found) break
  }
  const at = found ? afterCheckpoint(found.checkpoint) : startOfChain()
  const last = tail.findLast(one => one.lines.length > 0)
  for (const file of tail) {
    const from = file === tail[0] && found ? found.line + 1 : 0
    const good = goOn(at, file.lines.slice(from), signature)
    if (from + good === file.lines.length) continue
    const place = `${fileName(file.index)}, line ${from + good + 1}`
    if (file !== last || !found)
      throw new NotOurs(`the audit files of ${folder} were changed or are another key's: ${place}`)
    if (cut === 'cut') await cutSealed(folder, file.index, sum(file.lines.slice(0, from + good)))
  }
  return at
}

/** How many lines follow, one after the other. */
const goOn = (at: Position, lines: Buffer[], signature: SignatureCheck): number => {
  for (const [i, line] of lines.entries())
    try {
      checkLine(at, line, signature)
    } catch (error) {
      if (error instanceof Broken) return i
      throw error
    }
  return lines.length
}

const lastCheckpoint = (lines: Buffer[], signature: SignatureCheck) => {
  for (let line = lines.length - 1; line >= 0; line -= 1) {
    const signed = readCheckpoint(lines[line] ?? Buffer.alloc(0))
    if (!signed) continue
    if (signature(signed) === 'right') return { checkpoint: signed.checkpoint, line }
    throw new NotOurs(`checkpoint ${signed.checkpoint.number} is not signed by a key of the ring`)
  }
  return undefined
}

const linesOf = (bytes: Buffer): Buffer[] => {
  const lines: Buffer[] = []
  for (let start = 0, end = bytes.indexOf(0x0a); end >= 0; start = end + 1, end = bytes.indexOf(0x0a, start))
    lines.push(bytes.subarray(start, end))
  return lines
}

const sum = (lines: Buffer[]) => lines.reduce((bytes, line) => bytes + line.length + 1, 0)
