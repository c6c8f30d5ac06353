import { randomUUID } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** Files with keys in a folder that goes with the test. */
export const fileIn = (prefix: string) => {
  const folder = mkdtempSync(join(tmpdir(), prefix))
  return {
    folder,
    write: (text: string): string => {
      const name = join(folder, randomUUID())
      writeFileSync(name, text, { mode: 0o600 })
      return name
    },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  }
}
