import { beforeAll, describe, expect, it } from 'vitest'
import type { AuditKeys } from '../../schemas/audit.ts'
import { publicKeys } from '../../services/audit/keys.ts'
import { verifyAudit } from '../../services/audit/verify-audit.ts'
import type { AuditCommands } from '../../services/cli/io.ts'
import {
  exportAll,
  type Files,
  filesOf,
  memorySource,
  newestOf,
  newRing,
  outcomeRecords,
  partsOf,
  withFolder,
} from '../support/audit-export.ts'
import { cli } from '../support/cli-world.ts'

const ring = newRing()
const keys: AuditKeys = publicKeys(ring)
let honest: Files
beforeAll(() =>
  withFolder(async dir => {
    const clock = { at: 1_700_000_000_000 }
    await exportAll(partsOf(dir, ring, clock), clock, outcomeRecords(6, 2), 2)
    honest = filesOf(dir)
  }),
)
const typed = (argv: string[], files = honest) => {
  const audit: AuditCommands = {
    verify: wanted => verifyAudit({ source: memorySource(files), keys: wanted.keys, since: wanted.since }),
    newest: () => Promise.resolve(newestOf(files)),
    publicKeys: () => Promise.resolve(keys),
  }
  const given = { 'key.json': JSON.stringify(keys), 'kept.json': JSON.stringify(newestOf(honest)), 'other.json': '{}' }
  return cli(['audit', ...argv], { audit, files: given })
}
const verify = ['verify', 'export', '--key', 'key.json']

describe('curfew audit, typed', () => {
  it('an export that verifies is 0, says what was not checked, and what to keep', async () => {
    const { exitCode, out } = await typed(verify)
    expect([exitCode, out.split('\n')[0]]).toEqual([
      0,
      expect.stringMatching(/^AUDIT VERIFIED {2}6 receipts in 2 partitions, \d+ checkpoints, \d+ ms$/),
    ])
    expect(out).toContain('NOT CHECKED: whether the end was cut off')
    expect(out).toContain('next: curfew audit checkpoint export > kept.json')
    for (const line of out.split('\n')) expect(line.length, line).toBeLessThanOrEqual(80)
  })

  it('with the checkpoints that are held it says that nothing before them was cut off', async () => {
    const { exitCode, out } = await typed([...verify, '--since', 'kept.json'])
    expect([exitCode, out.includes('NOT CHECKED')]).toEqual([0, false])
    expect(out).toContain('nothing before them was cut off')
  })

  it('a broken one is 1, with the first place where it does not fit, in text and in JSON', async () => {
    const path = 'p001/000001.jsonl'
    const files = new Map(honest).set(path, Buffer.from(String(honest.get(path)).replace('"verified"', '"unproven"')))
    const { exitCode, out } = await typed(verify, files)
    expect([exitCode, out.split('\n')[0]]).toEqual([1, 'AUDIT BROKEN  1 place where it does not fit'])
    expect(out).toMatch(/partition 1, p001\/000001\.jsonl, line 3, entry 1:\n {4}the hash of entry 1 does not fit/)
    const json = await typed([...verify, '--json'], files)
    expect(JSON.parse(json.out)).toMatchObject({ verified: false, problems: [{ partition: 1, line: 3 }] })
  })

  it('what cannot be read cannot be told: 2, with the reason', async () => {
    expect(await typed(['verify', 'export', '--key', 'gone.json'])).toMatchObject({
      exitCode: 2,
      err: expect.stringContaining('gone.json does not exist'),
    })
    const { exitCode, err } = await typed([...verify, '--since', 'other.json'])
    expect([exitCode, err.split('\n')[0]]).toEqual([2, 'other.json is not checkpoints of `curfew audit checkpoint`.'])
  })

  it('checkpoint and key print what the auditor keeps', async () => {
    expect(JSON.parse((await typed(['checkpoint', 'export'])).out)).toEqual(newestOf(honest))
    const key = await typed(['key', '--config', 'curfew.yaml'])
    expect(JSON.parse(key.out)).toEqual(keys)
    expect(key.out).not.toContain('"d"')
  })
})
