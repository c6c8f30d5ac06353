import { type FileHandle, open, readdir, stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { checkBytes, checkOf, type Place } from './place.ts'

/** The audit file and what rotation made of it, the oldest first. */
export type AuditFile = { path: string; inode: string; size: number; modifiedNs: bigint }

const packed = /\.(gz|zst|bz2|xz|lz4|zip)$/

const look = async (path: string): Promise<AuditFile | undefined> => {
  try {
    const found = await stat(path, { bigint: true })
    if (!found.isFile()) return undefined
    return { path, inode: `${found.dev}:${found.ino}`, size: Number(found.size), modifiedNs: found.mtimeNs }
  } catch {
    return undefined
  }
}

/** The file that the device names is the last, whatever its time says. */
export const auditFiles = async (path: string): Promise<AuditFile[]> => {
  const names = await readdir(dirname(path)).catch(() => [])
  const ours = names.filter(name => name.startsWith(basename(path)) && name !== basename(path) && !packed.test(name))
  const rotated = (await Promise.all(ours.map(name => look(join(dirname(path), name))))).filter(
    one => one !== undefined,
  )
  const current = await look(path)
  const inOrder = rotated.sort((a, b) => (a.modifiedNs < b.modifiedNs ? -1 : a.modifiedNs > b.modifiedNs ? 1 : 0))
  return current ? [...inOrder, current] : inOrder
}

const bytesBefore = async (handle: FileHandle, offset: number): Promise<Buffer> => {
  const length = Math.min(checkBytes, offset)
  const buffer = Buffer.alloc(length)
  const { bytesRead } = await handle.read(buffer, 0, length, offset - length)
  return buffer.subarray(0, bytesRead)
}

/** Does this file go on where the reading stands? By its bytes: a name and an inode are used again. */
export const continues = async (handle: FileHandle, place: Place): Promise<boolean> =>
  (await handle.stat()).size >= place.offset && checkOf(await bytesBefore(handle, place.offset)) === place.check

/** Finds the file that the place is in, by inode first; a copy of it (copytruncate) holds the same bytes. */
export const findPlace = async (files: AuditFile[], place: Place): Promise<AuditFile | undefined> => {
  const sameFirst = [...files].sort((a, b) => Number(b.inode === place.inode) - Number(a.inode === place.inode))
  for (const file of sameFirst) {
    // At the very start every file would do.
    if (place.offset === 0 && file.inode !== place.inode) continue
    const handle = await open(file.path, 'r').catch(() => undefined)
    if (!handle) continue
    const goesOn = await continues(handle, place).finally(() => handle.close())
    if (goesOn) return file
  }
  return undefined
}
