import { setTimeout as sleep } from 'node:timers/promises'
import { stopIdleTimers } from '../services/ledger/kafkajs-idle-timers.ts'
import { startFailureOf } from './start/failure.ts'
import { parseOptions } from './start/options.ts'
import { type Result, start } from './start/run.ts'
import { say } from './start/say.ts'

// Every part ends within its own bound; this one is for what was forgotten.
const closeWithinMs = 60_000

const told = (error: unknown): Result => {
  const { message, exitCode } = startFailureOf(error)
  if (message !== '') say(message)
  return { exitCode }
}

const main = async (): Promise<Result> => {
  const running = start(parseOptions(process.argv.slice(2)))
  const result = await running.result.catch(told)
  await Promise.race([running.close(), sleep(closeWithinMs).then(running.force)])
  return result
}

stopIdleTimers()
const { exitCode, last } = await main().catch(told)
if (last !== undefined) await new Promise(resolve => process.stdout.write(`${last}\n`, resolve))
process.exit(exitCode)
