import type { FileHandle } from 'node:fs/promises'
import { checkBytes } from './place.ts'

const usualBytes = 512 * 1024
const longestLine = 16 * 1024 * 1024
const newline = 0x0a

/** Whole lines from an offset. `bytes`: how far that goes; 0: no whole line yet. `lines` undefined: no line is that long. */
export type Chunk = { bytes: number; lines: Buffer[] | undefined; before: Buffer }

/** A line without its end is not written yet: it is read when it is whole. */
export const readLines = async (handle: FileHandle, offset: number): Promise<Chunk> => {
  for (let size = usualBytes; ; size *= 4) {
    // The bytes before the offset too: what precedes the new place may be longer than one line.
    const from = Math.max(0, offset - checkBytes)
    const buffer = Buffer.alloc(size + offset - from)
    const { bytesRead } = await handle.read(buffer, 0, buffer.length, from)
    const read = buffer.subarray(0, bytesRead)
    const begin = offset - from
    const end = read.lastIndexOf(newline)
    if (end >= begin)
      return { bytes: end + 1 - begin, lines: split(read.subarray(begin, end)), before: read.subarray(0, end + 1) }
    if (bytesRead < buffer.length) return { bytes: 0, lines: [], before: read.subarray(0, begin) }
    if (size >= longestLine) return { bytes: bytesRead - begin, lines: undefined, before: read }
  }
}

const split = (bytes: Buffer): Buffer[] => {
  const lines: Buffer[] = []
  let start = 0
  for (let end = bytes.indexOf(newline); end >= 0; end = bytes.indexOf(newline, start)) {
    lines.push(bytes.subarray(start, end))
    start = end + 1
  }
  lines.push(bytes.subarray(start))
  return lines.filter(line => line.length > 0)
}
