import { chmod, type FileHandle, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { claim, Fenced, fileName } from './folder.ts'

/** The newest file of a folder, which this process made and alone writes. */
export type GrowingFile = {
  bytes(): number
  append(text: string): Promise<void>
  /** Durable, and still where others read it. Throws Fenced. */
  sync(): Promise<void>
  /** Closes this file for ever; the next one takes what follows. Throws Fenced. */
  next(): Promise<GrowingFile>
  close(): Promise<void>
}

export const growingFile = async (folder: string, index: number, handle: FileHandle): Promise<GrowingFile> => {
  const path = join(folder, fileName(index))
  const mine = await handle.stat()
  let bytes = mine.size
  const sync = async () => {
    await handle.datasync()
    const there = await stat(path).catch(() => undefined)
    if (there?.ino !== mine.ino || there.dev !== mine.dev) throw new Fenced(folder)
  }
  return {
    bytes: () => bytes,
    append: async text => {
      await handle.appendFile(text)
      bytes += Buffer.byteLength(text)
    },
    sync,
    next: async () => {
      await sync()
      const following = await claim(folder, index + 1)
      if (!following) throw new Fenced(folder)
      await handle.close()
      await chmod(path, 0o400)
      return growingFile(folder, index + 1, following)
    },
    close: () => handle.close(),
  }
}
