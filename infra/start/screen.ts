export type TerminalScreen = {
  size(): { columns: number; rows: number }
  draw(lines: string[]): void
  close(): void
}

const enter = '\x1b[?1049h\x1b[?25l'
const leave = '\x1b[?25h\x1b[?1049l'

/** The alternate screen of the terminal: what was there before comes back, however the command ends. */
export const openScreen = (): TerminalScreen => {
  const out = process.stdout
  let shown = ''
  let open = true
  const close = () => {
    if (open) out.write(leave)
    open = false
    process.off('exit', close)
  }
  out.write(enter)
  process.on('exit', close)
  out.on('resize', () => {
    shown = ''
  })
  return {
    size: () => ({ columns: out.columns || 80, rows: out.rows || 24 }),
    draw: lines => {
      const frame = lines.map(line => `${line}\x1b[K`).join('\r\n')
      if (frame === shown) return
      shown = frame
      out.write(`\x1b[H${frame}\x1b[J`)
    },
    close,
  }
}
