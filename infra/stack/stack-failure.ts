/** Exit codes of sysexits.h: 69 a service that we need is not available, 70 our own fault. */
export const exitUnavailable = 69
export const exitSoftware = 70

export class StackFailure extends Error {
  readonly exitCode: number
  constructor(message: string, exitCode: number = exitSoftware) {
    super(message)
    this.name = 'StackFailure'
    this.exitCode = exitCode
  }
}

export function failureOf(error: unknown): StackFailure {
  if (error instanceof StackFailure) return error
  return new StackFailure(error instanceof Error ? (error.stack ?? error.message) : String(error))
}
