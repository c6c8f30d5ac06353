import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { chmod, mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { isSameProcess, type ProcessMark, thisProcess } from './process-mark.ts'
import type { Progress } from './progress.ts'
import { waitUntil } from './wait-until.ts'

export type Installation = {
  name: string
  /** Files and words that decide what is installed: any change is another folder. */
  pins: string[]
  install: (folder: string) => Promise<void>
}

/** A folder is complete or absent: it is filled under another name and then renamed. */
export async function installOnce(cacheFolder: string, what: Installation, progress: Progress): Promise<string> {
  const key = createHash('sha256').update(what.pins.join('\0')).digest('hex').slice(0, 16)
  const folder = path.join(cacheFolder, `${what.name}-${key}`)
  if (existsSync(folder)) return folder
  await mkdir(cacheFolder, { recursive: true, mode: 0o755 })
  const lockFile = `${folder}.lock`
  await takeLock(lockFile, what.name, progress)
  try {
    if (!existsSync(folder)) await fill(folder, what, progress)
  } finally {
    await rm(lockFile, { force: true })
  }
  return folder
}

async function fill(folder: string, what: Installation, progress: Progress): Promise<void> {
  const startedMs = Date.now()
  progress(`${what.name}: downloading`)
  const unfinished = await mkdtemp(`${folder}.part-`)
  try {
    await chmod(unfinished, 0o755)
    await what.install(unfinished)
    await rename(unfinished, folder)
  } finally {
    await rm(unfinished, { recursive: true, force: true })
  }
  progress(`${what.name}: installed in ${((Date.now() - startedMs) / 1000).toFixed(1)} s`)
}

/** Saves a double download, nothing more: two holders at once would still be correct, since the rename decides. */
async function takeLock(lockFile: string, name: string, progress: Progress): Promise<void> {
  let told = false
  await waitUntil(`the lock ${lockFile}`, 900_000, async () => {
    const taken = await writeFile(lockFile, JSON.stringify(thisProcess()), { flag: 'wx' }).then(
      () => true,
      () => false,
    )
    if (taken) return
    const holder = await readFile(lockFile, 'utf8').catch(() => '')
    if (holder !== '' && !isSameProcess(JSON.parse(holder) as ProcessMark)) await rm(lockFile, { force: true })
    if (!told) progress(`${name}: another start is downloading it, waiting`)
    told = true
    throw new Error(`held by ${holder}`)
  })
}
