import { readFileSync } from 'node:fs'
import { StartRefused } from '../../../pipeline/errors.ts'

const leastBytes = 16

/** The secrets that a sender signs with. Whoever can guess one can send in its name. */
export const secretsOf = (sender: string, files: { file: string }[]): string[] =>
  files.map(({ file }) => {
    const secret = read(sender, file)
    if (Buffer.byteLength(secret) < leastBytes)
      throw new StartRefused(`inbox.senders.${sender}: the secret in ${file} has less than ${leastBytes} bytes`)
    return secret
  })

const read = (sender: string, file: string): string => {
  try {
    return readFileSync(file, 'utf8').trim()
  } catch (error) {
    const code = (error as { code?: string }).code ?? 'unreadable'
    throw new StartRefused(`inbox.senders.${sender}: ${file} cannot be read (${code})`)
  }
}
