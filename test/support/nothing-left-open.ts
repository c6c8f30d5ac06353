import { afterAll, expect } from 'vitest'
import { sharedStackClosed } from './stack.ts'
import { until } from './until.ts'

/** Every test file fails if it leaves a connection, a server or a process open. */
const watched = ['TCPSocketWrap', 'TCPServerWrap', 'TLSSocketWrap', 'ProcessWrap', 'PipeWrap']
const open = () => {
  const counts: Record<string, number> = {}
  for (const name of process.getActiveResourcesInfo())
    if (watched.includes(name)) counts[name] = (counts[name] ?? 0) + 1
  return counts
}
const before = open()

// Registered first, so that it runs after the file's own afterAll hooks.
afterAll(async () => {
  await sharedStackClosed()
  const left = () => Object.entries(open()).filter(([name, count]) => count > (before[name] ?? 0))
  await until('everything is closed', () => left().length === 0, { withinMs: 5_000 }).catch(() => undefined)
  expect(left(), 'left open by this test file').toEqual([])
})
