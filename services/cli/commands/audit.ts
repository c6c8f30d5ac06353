import type { Command } from 'commander'
import type { z } from 'zod'
import { auditKeys, keptCheckpoints } from '../../../schemas/audit.ts'
import { CliFailure, exitCodes } from '../exit-codes.ts'
import type { Io } from '../io.ts'
import type { Run } from '../on-call-commands.ts'
import { runningConfig } from '../running-config.ts'
import { auditText } from '../text/audit-text.ts'

type VerifyOptions = { dir: string; key: string; since?: string; json?: boolean }

export const auditCommands = (program: Command, run: Run): void => {
  const audit = program.command('audit').description('receipts that an auditor can trust').helpCommand(false)
  audit
    .command('verify <dir>')
    .description('offline, with the public key alone: was any exported receipt changed, dropped, added or moved')
    .requiredOption('--key <file>', 'the public key, as `curfew audit key` printed it')
    .option('--since <file>', 'the last checkpoints that you hold: finds a cut end and another history too')
    .option('--json', 'the same facts, with stable names')
    .action((dir: string, options: Omit<VerifyOptions, 'dir'>) =>
      run<VerifyOptions>(verifyCommand)({ ...options, dir }),
    )
  audit
    .command('checkpoint <dir>')
    .description('the newest checkpoint of each partition: keep it where the operator of Curfew cannot write')
    .action((dir: string) => run<{ dir: string }>(checkpointCommand)({ dir }))
  audit
    .command('key')
    .description('the public key, to hand to the auditor')
    .option('--config <file>', 'absent: the config of the Curfew that runs here')
    .action(run<{ config?: string }>(keyCommand))
}

/** 0 verified, 1 broken, 2 it cannot be told. */
const verifyCommand = async (io: Io, { dir, key, since, json }: VerifyOptions): Promise<number> => {
  const keys = readAs(io, key, auditKeys, 'a public key of `curfew audit key`')
  const kept =
    since === undefined ? undefined : readAs(io, since, keptCheckpoints, 'checkpoints of `curfew audit checkpoint`')
  const report = await io.audit.verify({ dir, keys, since: kept }).catch(cannotRead(dir))
  io.out(json ? JSON.stringify(report, undefined, 2) : auditText(report, { dir, since, now: io.now() }))
  return report.verified ? exitCodes.done : exitCodes.notWell
}

const checkpointCommand = async (io: Io, { dir }: { dir: string }): Promise<number> => {
  const kept = await io.audit.newest(dir).catch(cannotRead(dir))
  if (kept.checkpoints.length === 0)
    throw new CliFailure(
      exitCodes.cannotTell,
      'no_checkpoint',
      `No checkpoint is in ${dir}: is it an export of receipts?`,
    )
  io.out(JSON.stringify(kept))
  return exitCodes.done
}

const keyCommand = async (io: Io, { config }: { config?: string }): Promise<number> => {
  const file = config ?? runningConfig(io, 'Which config names the keys?', 'curfew audit key --config curfew.yaml')
  const keys = await io.audit.publicKeys(file).catch((error: unknown) => {
    throw new CliFailure(exitCodes.cannotTell, 'no_key', error instanceof Error ? error.message : 'no key')
  })
  io.out(JSON.stringify(keys))
  return exitCodes.done
}

const readAs = <T>(io: Io, file: string, shape: z.ZodType<T>, what: string): T => {
  try {
    return shape.parse(JSON.parse(io.readFile(file)))
  } catch (error) {
    const missing = (error as { code?: string }).code === 'ENOENT'
    throw new CliFailure(
      exitCodes.cannotTell,
      'cannot_read',
      `${file} ${missing ? 'does not exist' : `is not ${what}`}.\nnext: curfew help audit`,
    )
  }
}

const cannotRead =
  (dir: string) =>
  (error: unknown): never => {
    const { code, message } = error as { code?: string; message?: string }
    const why = code === 'ENOENT' ? 'it does not exist' : (code ?? message ?? 'unknown')
    throw new CliFailure(exitCodes.cannotTell, 'cannot_read', `${dir} cannot be read: ${why}.\nnext: curfew help audit`)
  }
