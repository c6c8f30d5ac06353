import { readFile, rm, writeFile } from 'node:fs/promises'
import { isSameProcess, type ProcessMark, thisProcess } from './process-mark.ts'
import type { Progress } from './progress.ts'
import { waitUntil } from './wait-until.ts'

const timeoutMs = 900_000

/** Saves a double download, nothing more: two holders at once would still be correct, since a rename decides. */
export async function withInstallLock(
  lockFile: string,
  waiting: string,
  progress: Progress,
  work: () => Promise<void>,
): Promise<void> {
  let told = false
  await waitUntil(`the lock ${lockFile}`, timeoutMs, async () => {
    if (await takes(lockFile)) return
    const holder = await readFile(lockFile, 'utf8').catch(() => '')
    if (holder !== '' && !isSameProcess(JSON.parse(holder) as ProcessMark)) await rm(lockFile, { force: true })
    if (!told) progress(waiting)
    told = true
    throw new Error(`held by ${holder}`)
  })
  await work().finally(() => rm(lockFile, { force: true }))
}

async function takes(lockFile: string): Promise<boolean> {
  try {
    await writeFile(lockFile, JSON.stringify(thisProcess()), { flag: 'wx' })
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw error
  }
}
