import { CommanderError } from 'commander'
import { offerCompletions } from './completion.ts'
import { CliFailure, exitCodes } from './exit-codes.ts'
import type { Io } from './io.ts'
import { cliProgram } from './program.ts'
import { wrap } from './text/plain.ts'

/** One command; resolves to its exit code. Whatever fails is said in words, in JSON where JSON was asked for. */
export const runCli = async (argv: string[], io: Io): Promise<number> => {
  let exitCode: number = exitCodes.done
  const program = cliProgram(io, code => {
    exitCode = code
  })
  try {
    if (argv.length === 0) {
      io.err(program.helpInformation().trimEnd())
      return exitCodes.usage
    }
    if (argv[0] === 'complete') await offerCompletions(program)
    await program.parseAsync(argv, { from: 'user' })
    return exitCode
  } catch (error) {
    return tell(error, argv.includes('--json'), io)
  }
}

const tell = (error: unknown, json: boolean, io: Io): number => {
  // Commander has said it already; asking for help is not a failure.
  if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.done : exitCodes.usage
  if (error instanceof CliFailure) {
    const { code, message, exitCode } = error
    if (json) io.out(JSON.stringify({ code, message, exitCode }, undefined, 2))
    else io.err(paragraphs(message))
    return exitCode
  }
  const name = error instanceof Error ? error.name : 'unknown'
  io.err(
    `This command failed inside (${name}): a bug of the CLI, and nothing is known of the state.\nnext: curfew status`,
  )
  return exitCodes.cannotTell
}

/** Prose is broken at 80 columns; a line to copy stays whole. */
const paragraphs = (message: string): string =>
  message
    .split('\n')
    .map(line => (/^(next:| {6})/.test(line) ? line : wrap(line)))
    .join('\n')
