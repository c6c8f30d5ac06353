import type { MappedConfig } from '../../../schemas/dialects-lifecycle.ts'
import type { EventType } from '../../../schemas/events.ts'
import type { Mapping, Meaning } from '../../../schemas/mapping.ts'
import { RejectedEvent, StartRefused } from '../../pipeline/errors.ts'
import type { Dialect, Said } from './dialect.ts'
import { jsonOf, textOf, valueAt } from './fields.ts'
import { loadMapping } from './load-mapping.ts'
import { authenticator } from './signatures/authenticate.ts'
import { bytesOf } from './task-said.ts'

/** Any orchestrator whose webhooks a mapping describes. Its words are ours only by that mapping: what it ends is inferred. */
export const mapped = (config: MappedConfig): Dialect => {
  const mapping = opened(config)
  return {
    verify: authenticator(config.authentication),
    read: ({ body }) => readMapped(mapping, body),
  }
}

const opened = (config: MappedConfig): Mapping => {
  try {
    return loadMapping(config.mapping)
  } catch (error) {
    throw new StartRefused(error instanceof Error ? error.message : 'the mapping cannot be read')
  }
}

export const readMapped = (mapping: Mapping, body: Buffer): Said[] => {
  const json = jsonOf(body)
  for (const [place, values] of Object.entries(mapping.only))
    if (!values.some(value => value === valueAt(json, place))) return [{ says: 'nothing', code: 'not_meant' }]
  const name = scalarAt(json, mapping.state)
  const meaning = Object.hasOwn(mapping.states, name) ? mapping.states[name] : undefined
  if (meaning === undefined) return [{ says: 'nothing', code: 'unknown_state' }]
  if (meaning === 'nothing') return [{ says: 'nothing', code: 'no_effect' }]
  return [said(mapping, { json, body, meaning, name })]
}

type Read = { json: unknown; body: Buffer; meaning: Exclude<Meaning, 'nothing'>; name: string }

const said = (mapping: Mapping, { json, body, meaning, name }: Read): Said => {
  const filled = (template: string | undefined) => (template === undefined ? undefined : fill(template, json))
  const session = filled(mapping.session)
  const event = typeof meaning === 'object' ? meaning.event : meaning
  const task = event.startsWith('task.') ? filled(mapping.task) : undefined
  const agent = event === 'session.started' ? filled(mapping.agent) : undefined
  const once = event === 'session.ended' || event === 'task.finished' || event === 'session.started'
  const id = filled(mapping.id) ?? JSON.stringify([session, task ?? null, name, once ? null : bytesOf(body)])
  const type: EventType = `curfew.${event}`
  const data = {
    session,
    ...(task === undefined ? {} : { task }),
    ...(agent === undefined ? {} : { agent }),
    // The mapping's own word for it, not the sender's.
    ...(event === 'session.ended' ? { reason: name.slice(0, 256) } : {}),
    ...(typeof meaning === 'object' ? { result: meaning.result } : {}),
  }
  return { says: 'event', id, type, data, inferred: true }
}

const fill = (template: string, json: unknown): string =>
  template.replaceAll(/\{\{\s*([^{}]+?)\s*\}\}/g, (_, place: string) => scalarAt(json, place))

/** Half an id would be another session's: nothing is read as an empty text, and a number that JSON has rounded as none. */
const scalarAt = (json: unknown, place: string): string => {
  const value = valueAt(json, place)
  const text = textOf(Number.isSafeInteger(value) ? String(value) : value)
  if (text === undefined) throw new RejectedEvent('invalid_data', `there is no text at ${place}`)
  return text
}
