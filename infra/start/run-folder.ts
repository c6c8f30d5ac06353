import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { isSameProcess, type ProcessMark, thisProcess } from '../stack/process-mark.ts'

const prefix = 'curfew-start-'
const ownerFile = 'owner.json'

/** A folder for the config, its secrets and the log of this start. Also removes those whose owner was ended by `kill -9`. */
export const makeRunFolder = (): string => {
  for (const folder of abandoned()) removeRunFolder(folder)
  const folder = mkdtempSync(join(tmpdir(), prefix))
  writeFileSync(join(folder, ownerFile), JSON.stringify(thisProcess()), { mode: 0o600 })
  return folder
}

export const removeRunFolder = (folder: string): void => rmSync(folder, { recursive: true, force: true })

/** Of our own uid only: the temporary folder is everybody's. */
const abandoned = (): string[] =>
  readdirSync(tmpdir())
    .filter(name => name.startsWith(prefix))
    .map(name => join(tmpdir(), name))
    .filter(folder => statSync(folder, { throwIfNoEntry: false })?.uid === process.getuid?.() && !isOwned(folder))

const isOwned = (folder: string): boolean => {
  try {
    return isSameProcess(JSON.parse(readFileSync(join(folder, ownerFile), 'utf8')) as ProcessMark)
  } catch {
    // Being made.
    return true
  }
}
