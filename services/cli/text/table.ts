import { columns, cut, plain } from './plain.ts'

export type Column<T> = {
  title: string
  /** Numbers are easier to compare right-aligned. */
  right?: boolean
  /** The widest that it may become. */
  most?: number
  /** A name to copy: longer lines are better than a part of it. */
  whole?: boolean
  of(row: T): string
}

/** Aligned columns inside 80; the last one takes what is left. */
export const table = <T>(rows: T[], cells: Column<T>[], indent = ''): string => {
  const texts = [cells.map(cell => cell.title), ...rows.map(row => cells.map(cell => plain(cell.of(row))))]
  const widths = cells.map((cell, i) =>
    Math.min(cell.most ?? columns, Math.max(...texts.map(line => line[i]?.length ?? 0))),
  )
  const used = indent.length + widths.slice(0, -1).reduce((sum, width) => sum + width + 2, 0)
  widths[widths.length - 1] = Math.max(4, Math.min(widths.at(-1) ?? 0, columns - used))
  const lines = texts.map(line =>
    line
      .map((text, i) => {
        const width = widths[i] ?? 0
        return pad(cells[i]?.whole ? text : cut(text, width), width, cells[i]?.right ?? false)
      })
      .join('  '),
  )
  return lines.map(line => (indent + line).trimEnd()).join('\n')
}

const pad = (text: string, width: number, right: boolean) => (right ? text.padStart(width) : text.padEnd(width))
