import { type Command, InvalidArgumentError } from 'commander'
import { reconcileCommand } from './commands/break-glass.ts'
import { type DlqOptions, dlqCommand, dlqShowCommand } from './commands/dlq.ts'
import { doctorCommand } from './commands/doctor.ts'
import { type ExplainOptions, explainCommand } from './commands/explain.ts'
import { type ReplayOptions, replayCommand } from './commands/replay.ts'
import type { Io } from './io.ts'

export const number = (text: string): string => {
  if (!/^\d+(\.\d+)?$/.test(text) || Number(text) <= 0) throw new InvalidArgumentError('It must be a number over 0.')
  return text
}

export type MakeCommand = (name: string, description: string) => Command
export type Run = <O>(act: (io: Io, options: O) => Promise<number>) => (options: O) => Promise<void>

/** What an incident needs beside the lists: why, what was missed, and what was broken. */
export const onCallCommands = (program: Command, command: MakeCommand, run: Run): void => {
  command('explain <grant>', 'the whole story of one grant, in order, each line with its source').action(
    (grant: string, options: Omit<ExplainOptions, 'grant'>) =>
      run<ExplainOptions>(explainCommand)({ ...options, grant }),
  )
  const glass = program
    .command('break-glass')
    .description('what was done by hand while Curfew was down')
    .helpCommand(false)
  glass
    .command('reconcile')
    .description('tell the ledger what was done by hand, once: run it as often as you like')
    .option('--config <file>', 'absent: the config of the Curfew that runs here')
    .option('--json', 'the same facts, with stable names')
    .action(run<{ config?: string; json?: boolean }>(reconcileCommand))
  command('doctor [store]', 'is every right there that revoking needs? exit 1 if one is missing').action(
    (store: string | undefined, options: { json?: boolean }) =>
      run<{ store?: string | undefined; json?: boolean }>(doctorCommand)({ ...options, store }),
  )
  dlqCommands(command, run)
  replayIn(program, run)
}

const dlqCommands = (command: MakeCommand, run: Run): void => {
  const dlq = command('dlq', 'dead letters: what could not be taken in, and why; exit 1 if any is open')
    .option('--topic <topic>', 'of one input topic')
    .option('--reason <code>', 'of one reason')
    .option('--all', 'the resolved ones too')
    .option('--limit <n>', 'how many', number, '50')
    .helpCommand(false)
    .action(run<DlqOptions>(dlqCommand))
  dlq
    .command('show <letter>')
    .description('one of them, by topic/partition/offset')
    .option('--json', 'the same facts, with stable names')
    .action((letter: string, options: { json?: boolean }) =>
      run<{ letter: string; json?: boolean }>(dlqShowCommand)({ ...options, ...dlq.opts(), letter }),
    )
}

const replayIn = (program: Command, run: Run): void => {
  program
    .command('replay')
    .description('take in again what was missed: shows the difference first; done work is a no-op')
    .option('--dead-letters', 'the open dead letters (of --topic, of --reason)')
    .option('--letter <id...>', 'single ones, by topic/partition/offset')
    .option('--session <id>', 'the records of one session (of the last day, or --since)')
    .option('--since <time>', 'from then on: 10m, 2h, or 2026-11-29T12:00:00Z')
    .option('--until <time>', 'up to then')
    .option('--topic <topic>', 'of one input topic')
    .option('--reason <code>', 'of one reason')
    .option('--offsets <range>', 'of one partition of --topic: <partition>:<from>-<to>')
    .option('--apply <plan>', 'do what was planned, or see how far it is')
    .option('--yes', 'plan and apply at once')
    .option('--json', 'the same facts, with stable names')
    .action(run<ReplayOptions>(replayCommand))
}
