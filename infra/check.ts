import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { reportLengths } from './file-lengths.ts'

/** `npm run check`: format, lint, types, unit and architecture tests; then how long the files and functions are. */
const root = join(import.meta.dirname, '..')
const steps: [name: string, command: string, ...args: string[]][] = [
  ['format and lint', 'biome', 'check', '--error-on-warnings', '.'],
  ['types', 'tsc', '-p', '.'],
  ['types of the page', 'tsc', '-p', 'services/dashboard'],
  ['unit and architecture', 'vitest', 'run', '--project', 'unit', '--reporter', 'dot'],
]
for (const [name, command, ...args] of steps) {
  process.stdout.write(`\n== ${name}\n`)
  const { status } = spawnSync(join(root, 'node_modules', '.bin', command), args, { cwd: root, stdio: 'inherit' })
  if (status !== 0) {
    process.stderr.write(`check: ${name} failed\n`)
    process.exit(status ?? 1)
  }
}
reportLengths(root)
