import { Command } from 'commander'
import { downCommand, envCommand, statusCommand, upCommand } from './stack/stack-commands.ts'
import { failureOf } from './stack/stack-failure.ts'

const program = new Command('stack').description(
  'The local stack: Kafka, Redis, OpenBao, PostgreSQL and an AWS emulator on free loopback ports',
)
program.command('up').description('start it and leave it running').action(upCommand)
program.command('status').description('what is running').action(statusCommand)
program
  .command('env')
  .description('its addresses, as shell exports of CURFEW_* variables')
  .option('--json', 'as one JSON object')
  .action(envCommand)
program.command('down').description('end it and remove its data').action(downCommand)

try {
  await program.parseAsync()
} catch (error) {
  const failure = failureOf(error)
  console.error(failure.message)
  process.exitCode = failure.exitCode
}
