const newline = 0x0a
/** A receipt is smaller than a Kafka record. What is longer was not written by the exporter. */
const longestLine = 4 * 1024 * 1024

export type Lines = { lines: Buffer[] /** The file ends inside a line. */; unfinished: boolean }

/** The lines of a file, some at a time, byte by byte as they are. */
export async function* byteLines(chunks: AsyncIterable<Buffer>): AsyncGenerator<Lines> {
  let rest: Buffer = Buffer.alloc(0)
  for await (const chunk of chunks) {
    let bytes = rest.length === 0 ? chunk : Buffer.concat([rest, chunk])
    const lines: Buffer[] = []
    let start = 0
    for (let end = bytes.indexOf(newline); end >= 0; end = bytes.indexOf(newline, start)) {
      lines.push(bytes.subarray(start, end))
      start = end + 1
    }
    bytes = bytes.subarray(start)
    rest = bytes
    // Ends as a line that is none: the check of lines says so.
    if (rest.length > longestLine) {
      yield { lines: [...lines, rest], unfinished: true }
      return
    }
    if (lines.length > 0) yield { lines, unfinished: false }
  }
  if (rest.length > 0) yield { lines: [], unfinished: true }
}
