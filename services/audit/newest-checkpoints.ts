import { open } from 'node:fs/promises'
import { join } from 'node:path'
import { type KeptCheckpoints, keptCheckpoints, type SignedCheckpoint } from '../../schemas/audit.ts'
import { auditSource } from './audit-source.ts'
import { byteLines } from './byte-lines.ts'
import { readCheckpoint } from './check-line.ts'

/** The newest checkpoint of each partition, made durable first: what somebody holds must not be undone by a power cut. */
export const newestCheckpoints = async (dir: string): Promise<KeptCheckpoints> => {
  const source = auditSource(dir)
  const checkpoints: SignedCheckpoint[] = []
  for (const folder of await source.folders())
    for (const file of (await source.files(folder)).reverse()) {
      const found = await newestIn(source.read(folder, file))
      if (!found) continue
      await makeDurable(join(dir, folder, file))
      checkpoints.push(found)
      break
    }
  return keptCheckpoints.parse({ checkpoints })
}

const newestIn = async (chunks: AsyncIterable<Buffer>): Promise<SignedCheckpoint | undefined> => {
  let newest: SignedCheckpoint | undefined
  for await (const { lines } of byteLines(chunks)) {
    const last = lines.findLast(line => readCheckpoint(line) !== undefined)
    if (last) newest = readCheckpoint(last)
  }
  return newest
}

const makeDurable = async (file: string): Promise<void> => {
  const handle = await open(file, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}
