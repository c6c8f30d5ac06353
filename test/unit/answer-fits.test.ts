import { describe, expect, it } from 'vitest'
import { at, fitsOne, holds, timeOf } from '../../services/stores/answer-fits.ts'
import { limitsOf } from '../../services/stores/key-api/call-budget.ts'
import { fillJson, fillText } from '../../services/stores/template.ts'

describe('places in an answer', () => {
  const body = { data: { keys: [{ id: 7 }] } }
  it.each([
    ['data.keys.0.id', 7],
    ['data.keys', [{ id: 7 }]],
    ['.', body],
    ['data.key.0', undefined],
    ['data.keys.id', undefined],
  ])('%s', (place, found) => expect(at(body, place)).toEqual(found))
})

describe('what must stand in an answer', () => {
  const soon = new Date(Date.now() + 60_000).toISOString()
  it.each([
    [{ a: true }, { a: true }, true],
    [{ a: true }, { a: 'true' }, false],
    [{ a: { in: [1, null] } }, { a: null }, true],
    [{ a: { not: 'x' } }, { a: 'y' }, true],
    // A field that was renamed must not read as an answer.
    [{ a: { not: 'x' } }, {}, false],
    [{ a: { exists: false } }, { a: null }, true],
    [{ a: { exists: true } }, { b: 1 }, false],
    [{ a: { past: 'iso' as const } }, { a: '2020-01-01T00:00:00' }, true],
    [{ a: { past: 'iso' as const } }, { a: soon }, false],
    [{ a: { future: 'iso' as const } }, { a: soon }, true],
    [{ a: { past: 'iso' as const } }, { a: null }, false],
    [{ a: { future: 'iso' as const } }, { a: 'never' }, false],
    [{ a: { past: 'epoch-seconds' as const } }, { a: 1_600_000_000 }, true],
    [{ a: { past: 'epoch-milliseconds' as const } }, { a: 1_600_000_000_000 }, true],
    // "Never", as it is written by those who have no empty time.
    [{ a: { past: 'iso' as const } }, { a: '0001-01-01T00:00:00Z' }, false],
    [{ a: { past: 'epoch-seconds' as const } }, { a: 0 }, false],
    [{ a: { past: 'epoch-milliseconds' as const } }, { a: -1 }, false],
    [{ a: 1, b: 2 }, { a: 1 }, false],
  ])('%j in %j: %j', (where, body, fits) => expect(holds(where, body)).toBe(fits))

  it('a status alone, with a text, and with places', () => {
    const answer = { status: 200, body: { ok: false }, text: '{"ok": false, "why": "revoked"}' }
    expect(fitsOne([200], answer)).toBe(true)
    expect(fitsOne([{ status: [200, 201], contains: 'revoked' }], answer)).toBe(true)
    expect(fitsOne([{ status: 200, where: { ok: true } }], answer)).toBe(false)
  })

  it('a time without a zone is in the product’s', () => {
    expect(timeOf('2026-01-01T00:00:00.000001', 'iso', '+02:00')).toBe(Date.parse('2025-12-31T22:00:00.000Z'))
    expect(timeOf('2026-01-01 00:00:00', 'iso', '+00:00')).toBe(Date.parse('2026-01-01T00:00:00.000Z'))
    expect(timeOf('2026-01-01T00:00:00Z', 'iso', '+02:00')).toBe(Date.parse('2026-01-01T00:00:00.000Z'))
  })
})

describe('templates', () => {
  const names = (name: string) => ({ id: 'a/b', n: 3 })[name]
  it('a text that is one name keeps its type; what stands for nothing is left out', () => {
    expect(fillJson({ a: '{{n}}', b: 'x{{n}}', c: ['{{id}}'], d: '{{none}}', e: 1 }, names)).toEqual({
      a: 3,
      b: 'x3',
      c: ['a/b'],
      d: undefined,
      e: 1,
    })
  })
  it('what goes into a path is encoded', () => {
    expect(fillText('/k/{{id}}', names, value => encodeURIComponent(value))).toBe('/k/a%2Fb')
    expect(fillText('/k/{{none}}', names)).toBeUndefined()
  })
})

describe('a budget of calls', () => {
  it.each([
    [30, 60],
    [10, 60],
    [3, 10],
    [1, 1],
    [1_000, 60],
  ])('%i calls in %i s are never more in any window of that length', (calls, perSeconds) => {
    const { callsPerSecond, burst } = limitsOf({ calls, perSeconds })
    expect(Math.floor(burst + callsPerSecond * perSeconds)).toBeLessThanOrEqual(calls)
    expect(callsPerSecond).toBeGreaterThan(0)
  })
})
