import { CommanderError } from 'commander'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { exit, startFailureOf } from '../../infra/start/failure.ts'
import { parseOptions, processesOf, roleNames } from '../../infra/start/options.ts'

const quiet = () => vi.spyOn(process.stderr, 'write').mockReturnValue(true)
afterEach(() => {
  vi.restoreAllMocks()
})
const exitCodeOf = (argv: string[]): number => {
  quiet()
  try {
    parseOptions(argv)
    return exit.well
  } catch (error) {
    expect(error).toBeInstanceOf(CommanderError)
    return startFailureOf(error).exitCode
  }
}

describe('the arguments of npm start', () => {
  it.each([
    [['--onec']],
    [['now']],
    [['--json']],
    [['--once', '--no-sample']],
    [['--config', 'a.yaml']],
    [['--roles', 'work']],
    [['--no-sample', '--roles', 'work,wrok']],
    [['--processes', '0']],
    [['--single', '--processes', '2']],
  ])('%j is refused with 64', argv => {
    expect(exitCodeOf(argv)).toBe(exit.usage)
  })

  it('one process for each role, two of each, or one for all', () => {
    expect(processesOf(parseOptions([]))).toEqual(roleNames.map(role => [role]))
    expect(processesOf(parseOptions(['--processes', '2']))).toEqual(roleNames.flatMap(role => [[role], [role]]))
    expect(processesOf(parseOptions(['--single']))).toEqual([[...roleNames]])
    expect(processesOf(parseOptions(['--no-sample', '--roles', 'work']))).toEqual([['work']])
  })
})
