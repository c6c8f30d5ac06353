import { CommanderError } from 'commander'
import { StackFailure } from '../stack/stack-failure.ts'

export const exit = { well: 0, notWell: 1, usage: 64, software: 70, refused: 78, interrupted: 130 } as const

/** What ends the command, with its exit code; the message is all that a person is told. */
export class StartFailure extends Error {
  readonly exitCode: number
  constructor(message: string, exitCode: number) {
    super(message)
    this.name = 'StartFailure'
    this.exitCode = exitCode
  }
}

export const isInterrupted = (error: unknown): boolean =>
  error instanceof StartFailure && error.exitCode === exit.interrupted

export const startFailureOf = (error: unknown): StartFailure => {
  if (error instanceof StartFailure) return error
  // Commander has written its own message already.
  if (error instanceof CommanderError) return new StartFailure('', error.exitCode === 0 ? exit.well : exit.usage)
  if (error instanceof StackFailure) return new StartFailure(error.message, error.exitCode)
  return new StartFailure(error instanceof Error ? (error.stack ?? error.message) : String(error), exit.software)
}
