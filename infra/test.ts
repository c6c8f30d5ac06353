import { spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** `npm test`: format, lint and types, then every test on the real stack; the last line counts them from the runner's report. */
const root = join(import.meta.dirname, '..')
const bin = (name: string) => join(root, 'node_modules', '.bin', name)
const dir = mkdtempSync(join(tmpdir(), 'curfew-test-'))
const report = join(dir, 'report.json')

for (const [command, ...args] of [
  ['biome', 'check', '--error-on-warnings', '.'],
  ['tsc', '-p', '.'],
] as const) {
  const { status } = spawnSync(bin(command), args, { cwd: root, stdio: 'inherit' })
  if (status !== 0) {
    process.stdout.write(`${command} failed\n0 passed, 1 failed\n`)
    process.exit(1)
  }
}

const args = [
  'run',
  '--reporter',
  'default',
  '--reporter',
  './test/support/failures-at-once.ts',
  '--reporter',
  'json',
  '--outputFile.json',
  report,
  ...process.argv.slice(2),
]
// Hundreds of processes start in a run, each from the same sources.
const NODE_COMPILE_CACHE = join(dir, 'compiled')
const env = { NODE_COMPILE_CACHE, ...process.env }
const runner = spawn(bin('vitest'), args, { cwd: root, stdio: 'inherit', env })
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => runner.kill(signal))
runner.on('exit', code => {
  const counted = count()
  rmSync(dir, { recursive: true, force: true })
  if (counted === undefined) {
    process.stdout.write('the runner left no report\n0 passed, 1 failed\n')
    process.exit(1)
  }
  const skipped = counted.skipped > 0 ? `, ${counted.skipped} skipped` : ''
  process.stdout.write(`\n${counted.passed} passed, ${counted.failed} failed${skipped}\n`)
  process.exit(code === 0 && counted.failed === 0 && counted.passed > 0 ? 0 : 1)
})

/** A file that could not be loaded has no tests of its own and counts as one failure. */
function count(): { passed: number; failed: number; skipped: number } | undefined {
  try {
    const read = JSON.parse(readFileSync(report, 'utf8')) as {
      numPassedTests: number
      numFailedTests: number
      numPendingTests: number
      testResults: { status: string; assertionResults: { status: string }[] }[]
    }
    const broken = read.testResults.filter(
      file => file.status === 'failed' && !file.assertionResults.some(one => one.status === 'failed'),
    )
    return { passed: read.numPassedTests, failed: read.numFailedTests + broken.length, skipped: read.numPendingTests }
  } catch {
    return undefined
  }
}
