import { chmod, type FileHandle, link, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { randomId } from '../pipeline/ids.ts'

/**
 * The files of one partition. Only the newest one is written, by whoever made it; all others are sealed: read-only, and no
 * process that wrote one can reach it any more. `kill -9` at any point of this leaves what the next one completes.
 */
export const folderName = (partition: number): string => `p${String(partition).padStart(3, '0')}`
export const fileName = (index: number): string => `${String(index).padStart(6, '0')}.jsonl`
/** Undefined: not a file of the exporter's. */
export const indexOfFile = (name: string): number | undefined =>
  /^\d{6}\.jsonl$/.test(name) ? Number(name.slice(0, 6)) : undefined

/** Another exporter took the folder over. */
export class Fenced extends Error {
  constructor(folder: string) {
    super(`another exporter took over ${folder}`)
    this.name = 'Fenced'
  }
}

export const indexes = async (folder: string): Promise<number[]> =>
  (await readdir(folder)).flatMap(name => indexOfFile(name) ?? []).sort((a, b) => a - b)

/**
 * Exactly one process can make a file of this number: from then on nobody else can make the next one. It is written through
 * this handle only: who opened its name later might open somebody else's copy.
 */
export const claim = async (folder: string, index: number): Promise<FileHandle | undefined> => {
  try {
    const handle = await open(join(folder, fileName(index)), 'ax', 0o600)
    await syncFolder(folder)
    return handle
  } catch (error) {
    if ((error as { code?: string }).code === 'EEXIST') return undefined
    throw error
  }
}

/** A new file of our own, with all before it sealed. */
export const takeOver = async (folder: string): Promise<{ index: number; handle: FileHandle }> => {
  await completeSealing(folder)
  let index = 0
  let handle: FileHandle | undefined
  while (!handle) {
    index = ((await indexes(folder)).at(-1) ?? 0) + 1
    handle = await claim(folder, index)
  }
  try {
    for (const before of await indexes(folder)) if (before < index) await seal(folder, before)
  } catch (error) {
    await handle.close()
    throw error
  }
  return { index, handle }
}

const sealing = (folder: string, index: number) => join(folder, `.${fileName(index)}.sealing`)

/**
 * First out of sight, so that what a sleeping owner still appends is nobody's; then a copy of its whole lines takes its place.
 * A line that is not whole was torn by a crash: its fact is exported again.
 */
const seal = async (folder: string, index: number): Promise<void> => {
  const path = join(folder, fileName(index))
  if (((await stat(path)).mode & 0o200) === 0) return
  await rename(path, sealing(folder, index))
  await completeSealing(folder)
}

const completeSealing = async (folder: string): Promise<void> => {
  const names = await readdir(folder)
  for (const name of names) if (name.endsWith('.copy')) await rm(join(folder, name), { force: true })
  for (const name of names.filter(one => /^\.\d{6}\.jsonl\.sealing$/.test(one))) {
    const path = join(folder, name)
    const file = name.slice(1, 13)
    // The first copy stands, whoever else makes one.
    if (!names.includes(file))
      await copyWhole(folder, await readFile(path), copy =>
        link(copy, join(folder, file)).catch(error => {
          if (error.code !== 'EEXIST') throw error
        }),
      )
    await rm(path, { force: true })
  }
  await syncFolder(folder)
}

/** Whole lines only, read-only, durable. */
const copyWhole = async (folder: string, bytes: Buffer, place: (copy: string) => Promise<void>): Promise<void> => {
  const copy = join(folder, `.${randomId()}.copy`)
  const handle = await open(copy, 'wx', 0o600)
  try {
    await handle.writeFile(bytes.subarray(0, bytes.lastIndexOf(0x0a) + 1))
    await handle.sync()
  } finally {
    await handle.close()
  }
  await chmod(copy, 0o400)
  await place(copy)
  await rm(copy, { force: true })
  await syncFolder(folder)
}

/** What a power cut left of the end of a sealed file, cut off. */
export const cutSealed = async (folder: string, index: number, bytes: number): Promise<void> => {
  const path = join(folder, fileName(index))
  await copyWhole(folder, (await readFile(path)).subarray(0, bytes), copy => rename(copy, path))
}

export const syncFolder = async (folder: string): Promise<void> => {
  const handle = await open(folder, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}
