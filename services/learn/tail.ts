import { type FileHandle, open } from 'node:fs/promises'
import { type AuditFile, auditFiles, continues, findPlace } from './audit-files.ts'
import { checkBytes, checkOf, type Place } from './place.ts'
import { readLines } from './read-lines.ts'

/** What a pass found: lines to be made durable before the place is kept, a gap to be said, the end of what is written, or no file. */
export type Found =
  | { found: 'lines'; lines: Buffer[]; place: Place }
  | { found: 'gap'; reason: string; place: Place | undefined }
  | { found: 'end' }
  | { found: 'missing' }
export type Tail = { next(): Promise<Found>; place(): Place | undefined; close(): Promise<void> }

type State = { place: Place | undefined; handle?: FileHandle | undefined; drained: boolean }

/**
 * Follows a file through rotation by renaming and by copytruncate. A renamed file is left only when its successor has been
 * written to, and after one more look at its own end: the server writes to the old one until it opens the new one.
 */
export const tail = (path: string, from: Place | undefined): Tail => {
  const state: State = { place: from, drained: false }
  return {
    place: () => state.place,
    next: async () => {
      const opened = await ready(path, state)
      if (opened) return opened
      const { handle, place } = state
      if (!handle || !place) return { found: 'missing' }
      const chunk = await readLines(handle, place.offset)
      if (chunk.bytes > 0) {
        state.drained = false
        state.place = after(place, chunk.bytes, chunk.before)
        if (chunk.lines === undefined) return { found: 'gap', reason: 'a line is too long', place: state.place }
        return { found: 'lines', lines: chunk.lines, place: state.place }
      }
      return atEnd(path, state, place)
    },
    close: async () => {
      await state.handle?.close()
      state.handle = undefined
    },
  }
}

const after = (place: Place, bytes: number, before: Buffer): Place => ({
  inode: place.inode,
  offset: place.offset + bytes,
  check: checkOf(before.subarray(-Math.min(checkBytes, place.offset + bytes))),
})

const startOf = (file: AuditFile, files: AuditFile[]): Place => {
  const before = files[files.indexOf(file) - 1]
  const start = { inode: file.inode, offset: 0, check: checkOf(Buffer.alloc(0)) }
  return before === undefined ? start : { ...start, previous: before.inode }
}

const enter = async (state: State, file: AuditFile, place: Place): Promise<void> => {
  await state.handle?.close()
  state.handle = await open(file.path, 'r')
  state.place = { ...place, inode: file.inode }
  state.drained = false
}

/** The open file still goes on where we stand; else the place is looked for, and what cannot be found is a gap. */
const ready = async (path: string, state: State): Promise<Found | undefined> => {
  const { handle, place } = state
  const goesOn = handle && place && (await continues(handle, place))
  if (goesOn && place.offset > 0) return undefined
  const files = await auditFiles(path)
  const current = files.at(-1)
  if (!current) return { found: 'missing' }
  const copy = place && copyOfUnread(files, place)
  if (copy) {
    await enter(state, copy, startOf(copy, files))
    return { found: 'gap', reason: 'the file was truncated', place: state.place }
  }
  if (goesOn) return undefined
  if (!place) {
    await enter(state, current, startOf(current, files))
    return { found: 'gap', reason: 'no position is known', place: state.place }
  }
  const found = await findPlace(files, place)
  await enter(state, found ?? current, found ? place : startOf(current, files))
  if (!found) return { found: 'gap', reason: 'the file that was being read is gone', place: state.place }
  // What was written between the copy and the truncation is in neither file.
  if (found.inode !== place.inode) return { found: 'gap', reason: 'the file was truncated', place: state.place }
  return undefined
}

/** Of a file at whose start we stand nothing tells that it was written and truncated since, but the copy beside it. */
const copyOfUnread = (files: AuditFile[], place: Place): AuditFile | undefined => {
  const before = files[files.findIndex(file => file.inode === place.inode) - 1]
  if (place.offset > 0) return undefined
  return before?.inode === place.previous ? undefined : before
}

const atEnd = async (path: string, state: State, place: Place): Promise<Found> => {
  const files = await auditFiles(path)
  const at = files.findIndex(file => file.inode === place.inode)
  // An empty one that was rotated again is left out: the server has gone on.
  const next = at < 0 ? files.at(-1) : files.slice(at + 1).find(file => file.size > 0)
  if (!next || next.size === 0) return { found: 'end' }
  if (!state.drained) {
    state.drained = true
    return { found: 'lines', lines: [], place }
  }
  await enter(state, next, startOf(next, files))
  if (at < 0) return { found: 'gap', reason: 'a rotated file was removed while it was read', place: state.place }
  return { found: 'lines', lines: [], place: state.place ?? place }
}
