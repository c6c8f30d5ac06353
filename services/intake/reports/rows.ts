import { objectOf } from '../dialects/json-body.ts'

export type Row = Record<string, unknown>

/** A JSON list, or one JSON object a line. Lines of a log between them are no findings: counted, not read. */
export const rowsOf = (text: string): { rows: Row[]; unreadable: number } => {
  const trimmed = text.trim()
  if (trimmed === '') return { rows: [], unreadable: 0 }
  const whole = jsonOrUndefined(trimmed)
  if (whole !== null && typeof whole === 'object') return { rows: [whole].flat().map(objectOf), unreadable: 0 }
  const lines = trimmed.split('\n').filter(line => line.trim() !== '')
  const found = lines.map(jsonOrUndefined).filter(json => json !== undefined)
  return { rows: found.map(objectOf), unreadable: lines.length - found.length }
}

/** Of any depth: named fields are read, and nothing walks down. */
const jsonOrUndefined = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
