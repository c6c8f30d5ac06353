import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { RejectedEvent } from '../../services/pipeline/errors.ts'
import { delivery, dialectOf, schemes } from '../support/inbox-senders.ts'

const marker = 'marker-3f9c'
/** Documented names with anything in them. */
const names = ['token', 'type', 'url', 'source', 'location', 'value', 'values', 'sealed', 'data', 'specversion', 'id']
const reported = [
  'Raw',
  'RawV2',
  'SecretParts',
  'DetectorName',
  'SourceMetadata',
  'RuleID',
  'Secret',
  'ruleID',
  'secret',
]
const more = ['componentSets', 'components', 'captureGroups', 'attributes', 'location', 'File', 'action']
const anything = fc.oneof(
  fc.jsonValue({ maxDepth: 3 }),
  fc.constantFrom(marker, '', 'curfew.session.ended', '1.0', 't'),
)
const entry = fc.dictionary(fc.constantFrom(...names, ...reported, ...more), anything, { maxKeys: 8 })
const body = fc.oneof(
  fc.array(fc.oneof(entry, anything)).map(rows => JSON.stringify(rows)),
  entry.map(one => JSON.stringify(one)),
  fc.array(entry).map(rows => rows.map(row => JSON.stringify(row)).join('\n')),
  fc.string().map(text => `${marker}${text}`),
  fc.uint8Array().map(bytes => Buffer.from(bytes)),
)

describe.each(schemes)('$name', ({ config }) => {
  it('whatever a verified sender sends is understood, or refused for good and not quoted', () => {
    const dialect = dialectOf(config)
    fc.assert(
      fc.property(body, sent => {
        try {
          for (const said of dialect.read(delivery(sent)))
            expect(said.says === 'leak' ? said.values.every(value => value.trim() !== '') : true).toBe(true)
        } catch (error) {
          expect(error).toBeInstanceOf(RejectedEvent)
          expect((error as Error).message).not.toContain(marker)
        }
      }),
      { numRuns: 2_000 },
    )
  })
})
