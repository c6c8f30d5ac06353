import type { Reporter, TestCase, TestModule } from 'vitest/node'

/** Says why a test failed when it does, and not at the end of the run only: a run that is cut off has told it. */
export default class FailuresAtOnce implements Reporter {
  onTestCaseResult(test: TestCase): void {
    const { state, errors = [] } = test.result()
    if (state === 'failed') say(`${test.module.relativeModuleId} > ${test.fullName}`, errors)
  }
  onTestModuleEnd(module: TestModule): void {
    const errors = [...module.errors(), ...[...module.children.allSuites()].flatMap(suite => suite.errors())]
    if (errors.length > 0) say(module.relativeModuleId, errors)
  }
}

const say = (
  where: string,
  errors: readonly { message?: string; diff?: string; stacks?: { file: string; line: number }[] }[],
) => {
  for (const { message = '', diff, stacks = [] } of errors) {
    const [first] = stacks
    const at = first ? `\n  at ${first.file}:${first.line}` : ''
    process.stdout.write(`\nFAILED  ${where}\n  ${message}${at}\n${diff === undefined ? '' : `${diff}\n`}`)
  }
}
