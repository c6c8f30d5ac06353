import { RejectedEvent } from '../../pipeline/errors.ts'
import { objectOf } from '../dialects/json-body.ts'
import { parseJson } from '../parse-event.ts'

export type Row = Record<string, unknown>

/** A JSON list, or one JSON object a line. Lines of a log between them are no findings: counted, not read. */
export const rowsOf = (text: string): { rows: Row[]; unreadable: number } => {
  const trimmed = text.trim()
  if (trimmed === '') return { rows: [], unreadable: 0 }
  const whole = attempt(trimmed)
  if (Array.isArray(whole)) return { rows: whole.map(objectOf), unreadable: 0 }
  const lines = trimmed.split('\n').filter(line => line.trim() !== '')
  const rows = lines.flatMap(line => {
    const json = attempt(line)
    return json !== null && typeof json === 'object' ? [json].flat().map(objectOf) : []
  })
  return { rows, unreadable: lines.filter(line => attempt(line) === undefined).length }
}

/** Undefined: not JSON. Too deep is refused whole. */
const attempt = (text: string): unknown => {
  try {
    return parseJson(Buffer.from(text, 'utf8'))
  } catch (error) {
    if (error instanceof RejectedEvent && error.code === 'not_json') return undefined
    throw error
  }
}
