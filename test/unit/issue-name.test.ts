import { expect, it } from 'vitest'
import { issueName } from '../../services/stores/key-api/issue-name.ts'

it('a name that fits is taken as it is', () => {
  expect(issueName('a-rotation.1', 32)).toBe('a-rotation.1')
  expect(issueName('x'.repeat(32), 32)).toBe('x'.repeat(32))
})

it.each([8, 17, 18, 32, 36, 37])('two attempts never have one name at a product that takes %i characters', atMost => {
  const rotation = crypto.randomUUID()
  const names = Array.from({ length: 200 }, (_, attempt) => issueName(`${rotation}.${attempt + 1}`, atMost))
  expect(new Set(names).size).toBe(200)
  expect(Math.max(...names.map(name => name.length))).toBeLessThanOrEqual(atMost)
  expect(issueName(`${rotation}.7`, atMost)).toBe(names[6])
})
