import {
  appendFileSync,
  copyFileSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, describe, expect, it } from 'vitest'
import { loadPosition, type Place, savePosition } from '../../services/learn/place.ts'
import { type Tail, tail } from '../../services/learn/tail.ts'

const root = mkdtempSync(join(tmpdir(), 'curfew-tail-'))
afterAll(() => rmSync(root, { recursive: true }))
let folders = 0

/** A server and the logrotate beside it. Every write has a later time than the one before, as it has in life. */
const openServer = () => {
  folders += 1
  const folder = mkdtempSync(join(root, `${folders}-`))
  const path = join(folder, 'audit.log')
  let [open, lines, clock, rotated] = [path, 0, 1_800_000_000, 0]
  const touched = (file: string) => {
    clock += 1
    utimesSync(file, clock, clock)
  }
  writeFileSync(path, '')
  const written: string[] = []
  return {
    path,
    folder,
    written,
    write: (padding = 0) => {
      lines += 1
      const line = `line-${lines}-${'x'.repeat(padding)}`
      appendFileSync(open, `${line}\n`)
      touched(open)
      written.push(line)
    },
    part: (text: string) => appendFileSync(open, text),
    /** logrotate renames first, `create` makes a new one, and the server writes to the old one until it is told. */
    rename: (create: boolean) => {
      rotated += 1
      const to = `${path}.${rotated}`
      renameSync(path, to)
      if (open === path) open = to
      if (create) writeFileSync(path, '')
    },
    reopen: () => {
      open = path
      appendFileSync(open, '')
    },
    copytruncate: () => {
      rotated += 1
      const to = `${path}.${rotated}`
      copyFileSync(path, to)
      touched(to)
      truncateSync(path)
      touched(path)
    },
    open: () => open,
  }
}

type Seen = { lines: string[]; gaps: string[]; place: Place | undefined }
const drain = async (reading: Tail, seen: Seen) => {
  for (;;) {
    const found = await reading.next()
    if (found.found === 'end' || found.found === 'missing') return found.found
    if (found.found === 'gap') seen.gaps.push(found.reason)
    else seen.lines.push(...found.lines.map(String))
    seen.place = found.place
  }
}
const nothing = (): Seen => ({ lines: [], gaps: [], place: undefined })

describe('following an audit file', () => {
  it('reads whole lines only, and the rest when it is written', async () => {
    const server = openServer()
    const reading = tail(server.path, undefined)
    const seen = nothing()
    server.write()
    server.part('half a ')
    await drain(reading, seen)
    expect(seen.lines).toEqual(server.written)
    server.part('line\n')
    await drain(reading, seen)
    expect(seen.lines.at(-1)).toBe('half a line')
    await reading.close()
  })

  it('reads lines that are longer than its buffer', async () => {
    const server = openServer()
    const reading = tail(server.path, undefined)
    const seen = nothing()
    server.write(700_000)
    server.write(3_000_000)
    server.write()
    await drain(reading, seen)
    expect(seen.lines).toEqual(server.written)
    await reading.close()
  })

  it('no file is not an end: nothing may be concluded from it', async () => {
    const reading = tail(join(root, 'nowhere'), undefined)
    expect(await drain(reading, nothing())).toBe('missing')
  })

  it('a renamed file is read to its end before the next one, though the server still writes to it', async () => {
    const server = openServer()
    const reading = tail(server.path, undefined)
    const seen = nothing()
    server.write()
    await drain(reading, seen)
    server.rename(true)
    await drain(reading, seen)
    server.write()
    await drain(reading, seen)
    server.write()
    server.reopen()
    server.write()
    await drain(reading, seen)
    expect(seen.lines).toEqual(server.written)
    expect(seen.gaps).toEqual(['no position is known'])
    await reading.close()
  })

  it('three rotations while nobody read are read in their order', async () => {
    const server = openServer()
    const first = tail(server.path, undefined)
    const seen = nothing()
    server.write()
    await drain(first, seen)
    await first.close()
    for (let at = 0; at < 3; at += 1) {
      server.write()
      server.rename(true)
      server.write()
      server.reopen()
    }
    server.write()
    const second = tail(server.path, seen.place)
    await drain(second, seen)
    expect(seen.lines).toEqual(server.written)
    expect(seen.gaps).toHaveLength(1)
    await second.close()
  })

  it('copytruncate: what the copy holds is read, and what it may have lost is a gap', async () => {
    const server = openServer()
    const reading = tail(server.path, undefined)
    const seen = nothing()
    server.write()
    await drain(reading, seen)
    server.write()
    server.copytruncate()
    server.write(400)
    await drain(reading, seen)
    expect(seen.lines).toEqual(server.written)
    expect(seen.gaps).toEqual(['no position is known', 'the file was truncated'])
    await reading.close()
  })

  it('a file that was overwritten up to the same length is not taken for the one that was read', async () => {
    const server = openServer()
    const seen = nothing()
    const first = tail(server.path, undefined)
    for (let at = 0; at < 5; at += 1) server.write()
    await drain(first, seen)
    await first.close()
    writeFileSync(server.path, `${'other\n'.repeat(100)}`)
    const second = tail(server.path, seen.place)
    await drain(second, seen)
    expect(seen.gaps).toContain('the file that was being read is gone')
    expect(seen.lines.filter(line => line === 'other')).toHaveLength(100)
    await second.close()
  })

  it('a rotated file that was packed or removed before it was read is a gap', async () => {
    const server = openServer()
    const seen = nothing()
    const first = tail(server.path, undefined)
    server.write()
    await drain(first, seen)
    await first.close()
    server.write()
    server.rename(true)
    server.reopen()
    server.write()
    for (const name of readdirSync(server.folder))
      if (name !== 'audit.log') renameSync(join(server.folder, name), join(server.folder, `${name}.gz`))
    const second = tail(server.path, seen.place)
    await drain(second, seen)
    expect(seen.gaps).toContain('the file that was being read is gone')
    expect(seen.lines.at(-1)).toBe(server.written.at(-1))
    await second.close()
  })
})

it('no line is skipped without a gap being said, in any order of writing, rotating, reading and being killed', async () => {
  const operation = fc.oneof(
    { weight: 5, arbitrary: fc.record({ do: fc.constant('write' as const), padding: fc.nat(300) }) },
    { weight: 2, arbitrary: fc.constant({ do: 'read' as const }) },
    { weight: 1, arbitrary: fc.constant({ do: 'kill' as const }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('rename' as const), create: fc.boolean() }) },
    { weight: 2, arbitrary: fc.constant({ do: 'reopen' as const }) },
    { weight: 1, arbitrary: fc.constant({ do: 'copytruncate' as const }) },
  )
  await fc.assert(
    fc.asyncProperty(fc.boolean(), fc.array(operation, { maxLength: 40 }), async (renames, operations) => {
      const server = openServer()
      const seen = nothing()
      let reading = tail(server.path, undefined)
      await drain(reading, seen)
      let truncated = false
      for (const one of operations) {
        // A second rotation waits until the server has opened the new file; one logrotate does one or the other.
        const settled = server.open() === server.path
        if (one.do === 'write') server.write(one.padding)
        // `notifempty`, as logrotate is set for audit files: a false gap otherwise, never a loss.
        if (one.do === 'rename' && renames && settled && statSync(server.path).size > 0) server.rename(one.create)
        if (one.do === 'reopen') server.reopen()
        if (one.do === 'copytruncate' && !renames) {
          server.copytruncate()
          truncated = true
        }
        if (one.do === 'kill') {
          await reading.close()
          reading = tail(server.path, seen.place)
        }
        if (one.do === 'read') await drain(reading, seen)
      }
      server.reopen()
      server.write()
      await drain(reading, seen)
      await reading.close()
      const missing = server.written.filter(line => !seen.lines.includes(line))
      if (truncated) expect(missing.length === 0 || seen.gaps.length > 1).toBe(true)
      else expect([missing, seen.gaps.length]).toEqual([[], 1])
    }),
    { numRuns: 400 },
  )
}, 60_000)

describe('the position', () => {
  it('is whole or absent', async () => {
    const file = join(root, 'position')
    expect(await loadPosition(file)).toBeUndefined()
    const position = { v: 1, place: { inode: '1:2', offset: 3, check: 'c' }, gap: 'why' } as const
    await savePosition(file, position)
    expect(await loadPosition(file)).toEqual(position)
    writeFileSync(file, '{"v":1,"pla')
    expect(await loadPosition(file)).toBeUndefined()
  })
})
