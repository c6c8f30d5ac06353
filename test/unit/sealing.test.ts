import { expect, it } from 'vitest'
import { sealing } from '../../services/runtime/sealing.ts'

const key = (byte: number) => Buffer.alloc(32, byte)
const ring = (current: string, ...kids: [string, number][]) =>
  sealing({ current, keys: new Map(kids.map(([kid, byte]) => [kid, key(byte)])) })
const value = 'at-0123456789'

it('a sealed value opens with its ring, for its credential, and has one form', () => {
  const seals = ring('s1', ['s1', 1])
  const { id, blob } = seals.seal('c1', value)
  expect(seals.open('c1', blob)).toBe(value)
  expect(seals.seal('c1', value)).toEqual({ id, blob })
  expect(seals.seal('c2', value).blob).not.toBe(blob)
  expect(`${id}${blob}${Buffer.from(blob, 'base64url').toString('latin1')}`).not.toContain(value)
})

it('it does not open for another credential, with another key, or changed in any byte', () => {
  const seals = ring('s1', ['s1', 1])
  const { blob } = seals.seal('c1', value)
  expect(seals.open('c2', blob)).toBeUndefined()
  expect(ring('s1', ['s1', 2]).open('c1', blob)).toBeUndefined()
  expect(ring('s2', ['s2', 1]).open('c1', blob), 'its kid is not in the ring').toBeUndefined()
  const bytes = Buffer.from(blob.slice(3), 'base64url')
  for (let i = 0; i < bytes.length; i += 1) {
    const changed = Buffer.from(bytes)
    changed[i] = (changed[i] ?? 0) ^ 1
    expect(seals.open('c1', `s1.${changed.toString('base64url')}`)).toBeUndefined()
  }
  expect(seals.open('c1', 'nonsense')).toBeUndefined()
})

it('a retired key still opens what it sealed', () => {
  const { blob } = ring('s1', ['s1', 1]).seal('c1', value)
  const rotated = ring('s2', ['s1', 1], ['s2', 2])
  expect(rotated.open('c1', blob)).toBe(value)
  expect(rotated.seal('c1', value).blob).not.toBe(blob)
})
