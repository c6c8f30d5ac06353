import { spawn } from 'node:child_process'
import { join } from 'node:path'

const root = join(import.meta.dirname, '../..')
const mostLines = 26

export type Typed = { exitCode: number; text: string }
export type Terminal = {
  /** Types a command as a person would: the real program, in a process of its own, 80 columns. */
  type(argv: string[], options?: { as?: Record<string, string>; shown?: string; quiet?: boolean }): Promise<Typed>
  say(prose: string): void
  markdown(): string
}

/** A terminal whose every command and answer is kept for people to read. `hide`: what is another one at each run. */
export const terminal = (env: Record<string, string>, hide: (text: string) => string): Terminal => {
  const parts: string[] = []
  const show = (command: string, { exitCode, text }: Typed) => {
    const lines = hide(text).trimEnd().split('\n')
    const cut = lines.length > mostLines + 3
    const kept = cut
      ? [...lines.slice(0, mostLines - 8), `  (${lines.length - mostLines} lines more)`, ...lines.slice(-8)]
      : lines
    parts.push(`\`\`\`\n$ ${hide(command)}\n${kept.join('\n')}\n(exit ${exitCode})\n\`\`\``)
  }
  return {
    type: async (argv, { as = {}, shown, quiet = false } = {}) => {
      const typed = await run(argv, { ...env, ...as })
      if (!quiet) show(shown ?? `curfew ${argv.map(quoted).join(' ')}`, typed)
      return typed
    },
    say: prose => void parts.push(prose),
    markdown: () => `${parts.join('\n\n')}\n`,
  }
}

const quoted = (word: string) => (/^[\w./:=@-]+$/.test(word) ? word : `"${word}"`)

const run = (argv: string[], env: Record<string, string>): Promise<Typed> =>
  new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [join(root, 'services/curfew.ts'), ...argv], {
      env: { PATH: process.env.PATH ?? '', HOME: process.env.HOME ?? '', ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    let text = ''
    for (const stream of [child.stdout, child.stderr]) stream.on('data', chunk => (text += String(chunk)))
    child.once('error', reject)
    child.once('close', code => resolve({ exitCode: code ?? -1, text }))
  })
