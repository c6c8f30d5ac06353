export const exitCodes = { done: 0, notWell: 1, cannotTell: 2, partly: 3, usage: 64, notAllowed: 77 } as const

export const exitCodesText = `Exit codes of curfew
   0  done, or well
   1  not well: something is alive that should be dead, or Curfew itself is ill
   2  cannot tell: the API or its state cannot be reached, or no canary says so
   3  partly done: not every credential was proven dead
  64  the command was typed wrong, or names something that is not known
  77  not allowed`

/** What happened, what it means, what to type next. Never a stack trace, never a secret. */
export class CliFailure extends Error {
  readonly exitCode: number
  readonly code: string
  constructor(exitCode: number, code: string, message: string) {
    super(message)
    this.name = 'CliFailure'
    this.exitCode = exitCode
    this.code = code
  }
}
