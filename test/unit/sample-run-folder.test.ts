import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, it, vi } from 'vitest'
import { makeRunFolder } from '../../infra/start/run-folder.ts'

const place = mkdtempSync(join(tmpdir(), 'curfew-test-folders-'))
vi.stubEnv('TMPDIR', place)
afterAll(() => {
  vi.unstubAllEnvs()
  rmSync(place, { recursive: true })
})

const left = (name: string, owner?: object): string => {
  const folder = join(place, name)
  mkdirSync(folder)
  if (owner) writeFileSync(join(folder, 'owner.json'), JSON.stringify(owner))
  return folder
}

it('a start removes what a start that was ended by kill -9 left, and nothing else', () => {
  const mine = makeRunFolder()
  // The same pid with another start time is another process.
  const abandoned = left('curfew-start-killed', { pid: process.pid, startedAt: 'long ago' })
  const beingMade = left('curfew-start-new')
  const foreign = left('somebody-else', { pid: process.pid, startedAt: 'long ago' })
  const next = makeRunFolder()
  expect(existsSync(abandoned)).toBe(false)
  expect([mine, next, beingMade, foreign].filter(folder => !existsSync(folder))).toEqual([])
})
