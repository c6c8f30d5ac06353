import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { chmod, mkdir, mkdtemp, readdir, rename, rm } from 'node:fs/promises'
import path from 'node:path'
import { withInstallLock } from './install-lock.ts'
import type { Progress } from './progress.ts'

export type Installation = {
  name: string
  /** File contents and words that decide what is installed: any change is another folder. */
  pins: string[]
  require: () => Promise<void>
  doing: string
  install: (folder: string) => Promise<void>
}

/** Every prerequisite of what is not there yet is checked before the first download. */
export async function installAll(cacheFolder: string, all: Installation[], progress: Progress): Promise<string[]> {
  for (const what of all) if (!existsSync(folderOf(cacheFolder, what))) await what.require()
  return Promise.all(all.map(what => installOnce(cacheFolder, what, progress)))
}

export function folderOf(cacheFolder: string, what: Installation): string {
  const key = createHash('sha256').update(what.pins.join('\0')).digest('hex').slice(0, 16)
  return path.join(cacheFolder, `${what.name}-${key}`)
}

async function installOnce(cacheFolder: string, what: Installation, progress: Progress): Promise<string> {
  const folder = folderOf(cacheFolder, what)
  if (existsSync(folder)) return folder
  await mkdir(cacheFolder, { recursive: true, mode: 0o755 })
  await withInstallLock(
    `${folder}.lock`,
    `${what.name}: another start is ${what.doing} it, waiting`,
    progress,
    async () => {
      if (!existsSync(folder)) await fill(folder, what, progress)
    },
  )
  return folder
}

/** A folder is complete or absent: it is filled under another name and then renamed. */
async function fill(folder: string, what: Installation, progress: Progress): Promise<void> {
  const startedMs = Date.now()
  progress(`${what.name}: ${what.doing}, once`)
  await removeUnfinished(folder)
  const unfinished = await mkdtemp(`${folder}.part-`)
  try {
    await chmod(unfinished, 0o755)
    await what.install(unfinished)
    await rename(unfinished, folder)
  } finally {
    await rm(unfinished, { recursive: true, force: true })
  }
  progress(`${what.name}: done in ${((Date.now() - startedMs) / 1000).toFixed(1)} s`)
}

async function removeUnfinished(folder: string): Promise<void> {
  const prefix = `${path.basename(folder)}.part-`
  for (const name of await readdir(path.dirname(folder))) {
    if (name.startsWith(prefix)) await rm(path.join(path.dirname(folder), name), { recursive: true, force: true })
  }
}
