/** Progress for people: stderr, so that stdout stays what was asked for. */
export const say = (line: string): void => {
  process.stderr.write(`${line}\n`)
}
