import { createHash } from 'node:crypto'
import { open, readFile, rename } from 'node:fs/promises'
import { dirname } from 'node:path'
import { z } from 'zod'

const placeSchema = z.object({
  inode: z.string(),
  /** Everything before it was read, and its facts are acknowledged. */
  offset: z.int().min(0),
  /** Hash of the bytes just before the offset: tells the file from another with its name, or overwritten in place. */
  check: z.string(),
  /** While nothing of the file was read: the rotated file before it, so that a later one is noticed. */
  previous: z.string().optional(),
})
const positionSchema = z.object({
  v: z.literal(1),
  place: placeSchema,
  /** A part of the stream was not read and no inventory has closed it yet. */
  gap: z.string().optional(),
  /** The audit device's HMAC of a constant: another one means another salt. */
  salt: z.string().optional(),
})
/** Where the reading of one audit file stands. */
export type Place = z.infer<typeof placeSchema>
export type Position = z.infer<typeof positionSchema>

export const checkBytes = 256
/** The same bytes as ever, or another file: `before` is what precedes the offset. */
export const checkOf = (before: Buffer): string => createHash('sha256').update(before).digest('hex').slice(0, 16)

/** Undefined: there is none, or it cannot be read; the file is then read from its start. */
export const loadPosition = async (file: string): Promise<Position | undefined> => {
  try {
    return positionSchema.parse(JSON.parse(await readFile(file, 'utf8')))
  } catch {
    return undefined
  }
}

/** Whole or not at all, and on the disk when this resolves. */
export const savePosition = async (file: string, position: Position): Promise<void> => {
  const temporary = `${file}.${process.pid}`
  const handle = await open(temporary, 'w', 0o600)
  try {
    await handle.writeFile(JSON.stringify(position))
    await handle.sync()
  } finally {
    await handle.close()
  }
  await rename(temporary, file)
  const folder = await open(dirname(file), 'r')
  await folder.sync().finally(() => folder.close())
}
