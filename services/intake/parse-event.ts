import { CloudEvent } from 'cloudevents'
import { type EventType, eventData, eventTypes } from '../../schemas/events.ts'
import { RejectedEvent } from '../pipeline/errors.ts'
import { eventId } from '../pipeline/ids.ts'

/** A message in CloudEvents 1.0 structured or binary mode, from Kafka (`ce_` headers) or HTTP (`ce-` headers). */
export type RawEvent = {
  headers: Record<string, string | undefined>
  body: Buffer | null
  attributePrefix: 'ce_' | 'ce-'
}
export type ParsedEvent = {
  id: string
  type: EventType
  data: unknown
  occurredAt: number | undefined
  /** The ends that it states are inferred: their kills fall under the cap. */
  inferred?: true
}

const maxBytes = 256 * 1024
const maxDepth = 16

/** Throws RejectedEvent with a stable code and a text that quotes nothing of the body. */
export const parseEvent = (raw: RawEvent): ParsedEvent => {
  // A binary event without data is a Kafka tombstone: nothing of ours has none.
  if (raw.body === null || raw.body.length === 0) throw new RejectedEvent('empty', 'the event has no body')
  if (raw.body.length > maxBytes) throw new RejectedEvent('too_large', `the event is over ${maxBytes} bytes`)
  const json = parseJson(raw.body)
  const event = cloudEvent(raw, json)
  const type = eventTypes.find(known => known === event.type)
  if (!type) throw new RejectedEvent('unknown_type', `no event type "${event.type.slice(0, 64)}"`)
  const occurredAt = event.time === undefined ? undefined : Date.parse(event.time)
  return { id: eventId(event.source, event.id), type, data: checkedData(type, event.data), occurredAt }
}

/** By the schema of its type. Throws RejectedEvent, which names paths and rules only. */
export const checkedData = (type: EventType, data: unknown): unknown => {
  const parsed = eventData[type].safeParse(data)
  if (!parsed.success) throw new RejectedEvent('invalid_data', describe(parsed.error.issues))
  return parsed.data
}

/** With caps on its depth and its texts; an error quotes nothing. */
export const parseJson = (body: Buffer): unknown => {
  let json: unknown
  try {
    json = JSON.parse(body.toString('utf8'))
  } catch {
    throw new RejectedEvent('not_json', 'the body is not JSON')
  }
  if (depth(json) > maxDepth) throw new RejectedEvent('too_deep', `the body nests deeper than ${maxDepth}`)
  if (!isWellFormed(json)) throw new RejectedEvent('not_well_formed', 'a text holds half a surrogate pair')
  return json
}

const cloudEvent = (raw: RawEvent, json: unknown): CloudEvent<unknown> => {
  const contentType = (raw.headers['content-type'] ?? '').toLowerCase()
  const structured = contentType.startsWith('application/cloudevents')
  if (structured && !contentType.startsWith('application/cloudevents+json'))
    throw new RejectedEvent('unsupported_encoding', 'only single JSON CloudEvents are read, no batches')
  const attributes = structured ? json : { ...binaryAttributes(raw), data: json }
  if (attributes === null || typeof attributes !== 'object' || Array.isArray(attributes))
    throw new RejectedEvent('not_a_cloudevent', 'a structured CloudEvent is a JSON object')
  const { id, source, type, specversion, time, data } = attributes as Record<string, unknown>
  if (typeof id !== 'string' || typeof source !== 'string' || typeof type !== 'string' || specversion !== '1.0')
    throw new RejectedEvent('not_a_cloudevent', 'id, source, type and specversion "1.0" are required')
  if (time !== undefined && (typeof time !== 'string' || Number.isNaN(Date.parse(time))))
    throw new RejectedEvent('not_a_cloudevent', 'time is not a timestamp')
  try {
    return new CloudEvent({ id, source, type, specversion, ...(time === undefined ? {} : { time }), data })
  } catch {
    throw new RejectedEvent('not_a_cloudevent', 'the attributes are not valid CloudEvents 1.0')
  }
}

const binaryAttributes = (raw: RawEvent): Record<string, string> => {
  const attributes: Record<string, string> = {}
  for (const [name, value] of Object.entries(raw.headers))
    if (name.startsWith(raw.attributePrefix) && value !== undefined)
      attributes[name.slice(raw.attributePrefix.length)] = value
  return attributes
}

/** Paths and rules only: an issue's own text may quote input. */
const describe = (issues: { path: PropertyKey[]; code: string }[]) =>
  issues
    .slice(0, 5)
    .map(issue => `data.${issue.path.map(String).join('.')}: ${issue.code}`)
    .join('; ')
    .slice(0, 300)

const isWellFormed = (value: unknown): boolean => {
  if (typeof value === 'string') return value.isWellFormed()
  if (value === null || typeof value !== 'object') return true
  return Object.entries(value).every(([key, child]) => key.isWellFormed() && isWellFormed(child))
}

const depth = (value: unknown, level = 0): number => {
  if (level > maxDepth || value === null || typeof value !== 'object') return level
  let deepest = level + 1
  for (const child of Object.values(value)) deepest = Math.max(deepest, depth(child, level + 1))
  return deepest
}
