import { existsSync, readdirSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { isSameProcess } from './process-mark.ts'
import { folderPrefix, readRecord, recordFile, type StackRecord } from './stack-folder.ts'

export type FoundStack = { folder: string; record: StackRecord; alive: boolean }

/** Only folders of our own uid count: the temporary folder is everybody's, and what a record names is killed. */
function ownFolders(): string[] {
  const names = readdirSync(tmpdir()).filter(name => name.startsWith(folderPrefix))
  const folders = names.map(name => path.join(tmpdir(), name))
  return folders.filter(folder => statSync(folder, { throwIfNoEntry: false })?.uid === process.getuid?.())
}

export function findStacks(): FoundStack[] {
  const found: FoundStack[] = []
  for (const folder of ownFolders()) {
    try {
      const record = readRecord(folder)
      found.push({ folder, record, alive: isSameProcess(record.supervisor) })
    } catch {
      // Being made, or being removed.
    }
  }
  return found
}

const abandonedAfterMs = 600_000

/** A start that was killed before it wrote its record. */
export function findAbandonedFolders(): string[] {
  return ownFolders().filter(folder => {
    const age = Date.now() - (statSync(folder, { throwIfNoEntry: false })?.mtimeMs ?? Date.now())
    return age > abandonedAfterMs && !existsSync(recordFile(folder))
  })
}

export function findDetachedStack(): FoundStack | undefined {
  return findStacks().find(stack => stack.alive && stack.record.detached)
}
