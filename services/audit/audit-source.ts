import { createReadStream } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'

/** An export as a verifier sees it: names and bytes. */
export type AuditSource = {
  /** Of the folders in it, sorted; hidden names are not part of an export. */
  folders(): Promise<string[]>
  files(folder: string): Promise<string[]>
  read(folder: string, file: string): AsyncIterable<Buffer>
}

const names = async (dir: string) => (await readdir(dir)).filter(name => !name.startsWith('.')).sort()

export const auditSource = (dir: string): AuditSource => ({
  folders: () => names(dir),
  files: folder => names(join(dir, folder)),
  read: (folder, file) => createReadStream(join(dir, folder, file), { highWaterMark: 1024 * 1024 }),
})
