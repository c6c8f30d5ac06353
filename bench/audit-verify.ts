import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { publicKeys } from '../services/audit/keys.ts'
import { exportAll, newRing, outcomeRecords, partsOf, withFolder } from '../test/support/audit-export.ts'

/** `npm run bench:audit [-- <receipts>]`: exports so many receipts in 8 partitions, then `curfew audit verify` as an auditor types it. */
const receipts = Number(process.argv[2] ?? 100_000)

await withFolder(async dir => {
  const ring = newRing()
  const clock = { at: Date.now() - receipts }
  const export_ = join(dir, 'audit')
  const startedAt = performance.now()
  await exportAll(partsOf(export_, ring, clock), clock, outcomeRecords(receipts, 8), 500)
  const seconds = (performance.now() - startedAt) / 1_000
  process.stdout.write(`${receipts} receipts exported and signed in ${seconds.toFixed(1)} s\n`)
  const key = join(dir, 'key.json')
  writeFileSync(key, JSON.stringify(publicKeys(ring)))
  const curfew = join(import.meta.dirname, '../services/curfew.ts')
  process.stdout.write(
    execFileSync(process.execPath, [curfew, 'audit', 'verify', export_, '--key', key], { encoding: 'utf8' }),
  )
})
