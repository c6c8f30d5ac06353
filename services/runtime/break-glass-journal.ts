import { closeSync, existsSync, fsyncSync, mkdirSync, openSync, readFileSync, writeSync } from 'node:fs'
import { dirname } from 'node:path'
import { type BreakGlassAct, type JournalLine, journalLine } from '../../schemas/break-glass.ts'

export type Journal = { file: string; append(lines: JournalLine[]): void; read(): JournalLine[] }

/** Acts by hand, on the disk before they are done. Only its owner reads it; a line that a crash tore is skipped. */
export const breakGlassJournal = (file: string): Journal => ({
  file,
  append: lines => {
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 })
    const fresh = !existsSync(file)
    const fd = openSync(file, 'a', 0o600)
    try {
      // A line feed first: what comes behind a torn line is a line of its own.
      writeSync(fd, lines.map(line => `\n${JSON.stringify(line)}\n`).join(''))
      fsyncSync(fd)
    } finally {
      closeSync(fd)
    }
    if (fresh) syncFolder(dirname(file))
  },
  read: () =>
    existsSync(file)
      ? readFileSync(file, 'utf8')
          .split('\n')
          .flatMap(line => parsed(line) ?? [])
      : [],
})

/** A new file's name is durable only when its folder is. */
const syncFolder = (folder: string) => {
  const fd = openSync(folder, 'r')
  try {
    fsyncSync(fd)
  } finally {
    closeSync(fd)
  }
}

const parsed = (line: string): JournalLine | undefined => {
  try {
    return line === '' ? undefined : journalLine.safeParse(JSON.parse(line)).data
  } catch {
    return undefined
  }
}

/** What this ledger was not told yet, with what was seen of it. */
export const untold = (lines: JournalLine[], ledger: string): { act: BreakGlassAct; seen: JournalLine[] }[] => {
  const told = new Set(lines.flatMap(one => (one.line === 'told' ? [one.act] : [])))
  return lines.flatMap(act =>
    act.line === 'act' && act.ledger === ledger && !told.has(act.act)
      ? [{ act, seen: lines.filter(one => one.line === 'seen' && one.act === act.act) }]
      : [],
  )
}
