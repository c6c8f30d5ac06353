import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

const code = ['schemas/*.ts', 'services/**/*.ts', 'clients/**/*.ts', 'infra/**/*.ts']
const longestFunctionLines = 50

/** Prints median, p90 and longest file, and every function over 50 lines. */
export const reportLengths = (root: string): void => {
  const files = globSync(code, { cwd: root }).map(file => ({ file, text: readFileSync(join(root, file), 'utf8') }))
  const lengths = files
    .map(({ file, text }) => ({ file, lines: text.split('\n').length - 1 }))
    .sort((a, b) => a.lines - b.lines)
  const at = (share: number) => lengths[Math.min(lengths.length - 1, Math.floor(lengths.length * share))]
  const longest = lengths.at(-1)
  process.stdout.write(
    `\n== lengths\n${lengths.length} files: median ${at(0.5)?.lines}, p90 ${at(0.9)?.lines}, longest ${longest?.lines} (${longest?.file})\n`,
  )
  for (const { file, text } of files)
    for (const { name, lines } of longFunctions(text))
      process.stdout.write(`function over ${longestFunctionLines} lines: ${file} ${name} ${lines}\n`)
}

/** Top-level functions by their layout: from `const name =` or `function name` to the closing line in column 0. */
const longFunctions = (text: string) => {
  const found: { name: string; lines: number }[] = []
  let open: { name: string; at: number } | undefined
  for (const [i, line] of text.split('\n').entries()) {
    const start = /^(?:export )?(?:default )?(?:async )?(?:function\*? |const )(\w+)/.exec(line)
    if (start && (/function/.test(line) || /=\s*(async\s*)?(\(|<|\w+\s*=>)/.test(line)))
      open = { name: start[1] ?? '', at: i }
    if (open && /^[}\])]/.test(line) && i > open.at && !/^\)\s*(:|=>)/.test(line)) {
      if (i - open.at + 1 > longestFunctionLines) found.push({ name: open.name, lines: i - open.at + 1 })
      open = undefined
    }
  }
  return found
}
