import { appendFileSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import type * as FsPromises from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, it, vi } from 'vitest'
import { tail } from '../../services/learn/tail.ts'

/** Runs once when the folder is looked at: after the end of the open file was seen. */
let meanwhile: (() => void) | undefined
vi.mock('node:fs/promises', async original => {
  const real = await original<typeof FsPromises>()
  return {
    ...real,
    readdir: (folder: string) => {
      const run = meanwhile
      meanwhile = undefined
      run?.()
      return real.readdir(folder)
    },
  }
})

const root = mkdtempSync(join(tmpdir(), 'curfew-tail-race-'))
afterAll(() => rmSync(root, { recursive: true }))

it('a line that the server writes to the renamed file just before it opens the next one is not lost', async () => {
  const path = join(root, 'audit.log')
  writeFileSync(path, 'first\n')
  const reading = tail(path, undefined)
  const lines: string[] = []
  const drain = async () => {
    for (;;) {
      const found = await reading.next()
      if (found.found === 'end') return
      if (found.found === 'lines') lines.push(...found.lines.map(String))
    }
  }
  await drain()
  renameSync(path, `${path}.1`)
  writeFileSync(path, '')
  meanwhile = () => {
    appendFileSync(`${path}.1`, 'last of the old\n')
    appendFileSync(path, 'first of the new\n')
  }
  await drain()
  await reading.close()
  expect(lines).toEqual(['first', 'last of the old', 'first of the new'])
})
