import { readdirSync, readFileSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { isSameProcess } from './process-mark.ts'
import { folderPrefix, recordFile, type StackRecord } from './stack-folder.ts'

export type FoundStack = { folder: string; record: StackRecord; alive: boolean }

/** Only folders of our own uid count: the temporary folder is everybody's, and what a record names is killed. */
export function findStacks(): FoundStack[] {
  const found: FoundStack[] = []
  for (const name of readdirSync(tmpdir())) {
    if (!name.startsWith(folderPrefix)) continue
    const folder = path.join(tmpdir(), name)
    try {
      if (process.getuid && statSync(folder).uid !== process.getuid()) continue
      const record = JSON.parse(readFileSync(recordFile(folder), 'utf8')) as StackRecord
      found.push({ folder, record, alive: isSameProcess(record.supervisor) })
    } catch {
      // Being made, or being removed.
    }
  }
  return found
}

export function findDetachedStack(): FoundStack | undefined {
  return findStacks().find(stack => stack.alive && stack.record.detached)
}
