import { Command, InvalidArgumentError, Option } from 'commander'
import { auditCommands } from './commands/audit.ts'
import { type DlqOptions, dlqCommand, dlqShowCommand } from './commands/dlq.ts'
import { type ExplainOptions, explainCommand } from './commands/explain.ts'
import { fingerprintCommand } from './commands/fingerprint.ts'
import { type LeakImportOptions, leakImportCommand } from './commands/leak-import.ts'
import { blockedCommand, grantsCommand, heldCommand, receiptsCommand, sessionsCommand } from './commands/lists.ts'
import { approveCommand } from './commands/plan.ts'
import { type ReplayOptions, replayCommand } from './commands/replay.ts'
import { type RevokeOptions, revokeCommand } from './commands/revoke.ts'
import { type RotateOptions, rotateCommand } from './commands/rotate.ts'
import { secretsCommand } from './commands/secrets.ts'
import { statusCommand } from './commands/status.ts'
import { type StoreTestOptions, storeTestCommand } from './commands/store-test.ts'
import { watchCommand } from './commands/watch.ts'
import { exitCodesText } from './exit-codes.ts'
import type { Io } from './io.ts'

const number = (text: string): string => {
  if (!/^\d+(\.\d+)?$/.test(text) || Number(text) <= 0) throw new InvalidArgumentError('It must be a number over 0.')
  return text
}

type MakeCommand = (name: string, description: string) => Command
type Run = <O>(act: (io: Io, options: O) => Promise<number>) => (options: O) => Promise<void>

/** What can be typed. `onExit` gets each command's exit code. */
export const cliProgram = (io: Io, onExit: (code: number) => void): Command => {
  const program = new Command('curfew')
    .description('Is anything alive that should be dead? Who killed it, when, and how do we know?')
    .helpCommand(false)
    .showHelpAfterError('next: curfew help <command>   shows what can be typed')
    .configureOutput({ writeOut: text => io.out(text.trimEnd()), writeErr: text => io.err(text.trimEnd()) })
    .exitOverride()
  const command: MakeCommand = (name, description) =>
    program.command(name).description(description).option('--json', 'the same facts, with stable names')
  const run: Run = act => async options => onExit(await act(io, options))

  command('status', 'is anything alive that should be dead, and is Curfew itself well').action(run(statusCommand))
  listCommands(command, run)
  command('explain <grant>', 'the whole story of one grant, in order, each line with its source').action(
    (grant: string, options: Omit<ExplainOptions, 'grant'>) =>
      run<ExplainOptions>(explainCommand)({ ...options, grant }),
  )
  revokeCommands(program, command, run)
  missedCommands(program, command, run)
  command('secrets', 'registered secrets: their versions and rotations; exit 1 if one is blocked or compromised')
    .option('--secret <id>', 'one of them, with its versions and rotations')
    .action(run(secretsCommand))
  rotateIn(program, run)
  command('watch', 'the status, live, until Ctrl-C')
    .option('--every <seconds>', 'how often', number, '1')
    .option('--times <n>', 'end after so many', number)
    .action(
      run<{ json?: boolean; every: string; times?: string }>((world, { every, times, json = false }) => {
        const bounded = times === undefined ? {} : { times: Number(times) }
        return watchCommand(world, { json, everyMs: Number(every) * 1_000, ...bounded })
      }),
    )
  command('fingerprint', 'the fingerprints of a secret value, read from stdin').action(run(fingerprintCommand))
  leakCommands(program, run)
  storeCommands(program, run)
  auditCommands(program, run)
  program
    .command('help [topic]')
    .description('help on a command, or `help exit-codes`')
    .action((topic: string | undefined) => help(program, io, topic))
  return program
}

const several = (value: string, before: string[] | undefined): string[] => [...(before ?? []), value]

const revokeCommands = (program: Command, command: MakeCommand, run: Run): void => {
  command('revoke', 'end a session, a task or a grant at once; many by a plan that is looked at first')
    .option('--session <id>', 'everything of this session')
    .option('--task <id>', 'only this task of the session')
    .option('--grant <id>', 'one credential, for whoever holds it; several: a plan', several)
    .option('--principal <agent:name>', 'all that this agent holds, in every session of it: a plan')
    .option('--store <id>', 'all at this store: a plan; beside another name: only what is there')
    .option('--fingerprint <fp>', 'whatever has this value (curfew fingerprint says it): a plan')
    .option('--label <key=value>', 'what carries this label, or its session: a plan', several)
    .option('--held', 'inferred kills that wait over the cap: a plan')
    .option('--reason <text>', 'why: it stands in the record')
    .option('--dry-run', 'only the plan: say what would die, and do nothing')
    .option('--apply <plan>', 'apply a plan, or go on waiting for one that is applied')
    .option('--break-glass', 'with --apply: over the cap without a second person; it pages, and is marked')
    .option('--no-wait', 'do not wait for the deaths')
    .option('--timeout <seconds>', 'how long to wait', number, '60')
    .action(run<RevokeOptions>(revokeCommand))
  program
    .command('approve <plan>')
    .description('be the second person of a plan over the cap; it is shown, and applied by somebody else')
    .option('--json', 'the same facts, with stable names')
    .action((plan: string, options: { json?: boolean }) =>
      run<{ plan: string; json?: boolean }>(approveCommand)({ ...options, plan }),
    )
}

const missedCommands = (program: Command, command: MakeCommand, run: Run): void => {
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

const rotateIn = (program: Command, run: Run): void => {
  program
    .command('rotate <secret>')
    .description('give a registered secret a new value everywhere, and prove the old one dead')
    .option('--compromised', 'it leaked: no overlap, and no previous version stays')
    .option('--dry-run', 'say what would be done, and do nothing')
    .option('--reason <text>', 'why: it stands in the record', 'asked for on the command line')
    .option('--no-wait', 'do not wait for its end')
    .option('--timeout <seconds>', 'how long to wait', number, '120')
    .option('--json', 'the same facts, with stable names')
    .action((secret: string, options: Omit<RotateOptions, 'secret'>) =>
      run<RotateOptions>(rotateCommand)({ ...options, secret }),
    )
}

const storeCommands = (program: Command, run: Run): void => {
  const store = program.command('store').description('what can be done with a configured store').helpCommand(false)
  store
    .command('test <id>')
    .description('try a store against the real product with keys that may be thrown away')
    .option('--config <file>', 'the config that has the store; absent: the one of the Curfew that runs here')
    .option('--handle <handle>', 'a throw-away key of your own, its value on stdin: where none can be issued')
    .option('--kind <kind>', 'its kind', 'api.key')
    .option('--watch <seconds>', 'how long its door is watched at the least, whatever window is declared', number, '40')
    .option('--json', 'the same facts, with stable names')
    .action((id: string, options: Omit<StoreTestOptions, 'id'>) =>
      run<StoreTestOptions>(storeTestCommand)({ ...options, id }),
    )
}

const leakCommands = (program: Command, run: Run): void => {
  const leak = program.command('leak').description('what was found where it should not be').helpCommand(false)
  leak
    .command('import <report>')
    .description('revoke what a scanner found: reads its report here (`-`: stdin), sends each value sealed')
    .addOption(
      new Option('--format <format>', 'what wrote it')
        .choices(['auto', 'trufflehog', 'gitleaks', 'betterleaks'])
        .default('auto'),
    )
    .option('--dry-run', 'only ask what matches: exit 1 if that is alive')
    .option('--json', 'the same facts, with stable names')
    .action((report: string, options: Omit<LeakImportOptions, 'report'>) =>
      run<LeakImportOptions>(leakImportCommand)({ ...options, report }),
    )
}

const listCommands = (command: MakeCommand, run: Run): void => {
  command('sessions', 'sessions, the newest first')
    .option('--limit <n>', 'how many', number, '50')
    .action(run(sessionsCommand))
  command('grants', 'credentials without an outcome, the next to die first')
    .option('--alive-past-due', 'only what should be dead and is not: exit 1 if there is any')
    .option('--session <id>', 'all grants of one session, the dead too')
    .option('--limit <n>', 'how many', number, '50')
    .action(run(grantsCommand))
  command('held', 'inferred kills that wait over the cap for a person: exit 1 if there is any')
    .option('--limit <n>', 'how many', number, '50')
    .action(run(heldCommand))
  command('blocked', 'what its store does not let die, with why: exit 1 if there is any')
    .option('--limit <n>', 'how many', number, '50')
    .action(run(blockedCommand))
  command('receipts', 'deaths, the newest first')
    .option('--session <id>', 'of one session')
    .option('--since-minutes <n>', 'not older', number)
    .option('--plan <id>', 'forced by this plan')
    .option('--limit <n>', 'how many', number, '50')
    .action(run(receiptsCommand))
}

const help = (program: Command, io: Io, topic: string | undefined): void => {
  const about = program.commands.find(one => one.name() === topic) ?? program
  io.out(topic === 'exit-codes' ? exitCodesText : about.helpInformation().trimEnd())
}
