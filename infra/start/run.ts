import { join } from 'node:path'
import { apiPort } from './api-port.ts'
import { closing } from './closing.ts'
import { endChildren } from './end-children.ts'
import { readStartEnvironment } from './environment.ts'
import { exit, isInterrupted } from './failure.ts'
import { type Interruption, interruption } from './interruption.ts'
import { runLive } from './live.ts'
import { runOnce } from './once.ts'
import { refuseSecondStart } from './one-at-a-time.ts'
import { openSample } from './open-sample.ts'
import { processesOf, type StartOptions } from './options.ts'
import { runPipelineOnly } from './pipeline-only.ts'
import { problemsOf, sentenceOf } from './report.ts'
import { makeRunFolder, removeRunFolder } from './run-folder.ts'
import { say } from './say.ts'
import type { StartParts } from './start-parts.ts'

/** `last` is for stdout, after everything has ended. */
export type Result = { exitCode: number; last?: string }
export type Running = { result: Promise<Result>; close(): Promise<void>; force(): void }

/** Starts what was asked for. `close` ends all of it in reverse order, whatever the result was; `force` does not wait. */
export const start = (options: StartOptions): Running => {
  const life = closing()
  const abrupt: (() => void)[] = []
  const force = () => {
    for (const end of abrupt) end()
  }
  const interrupted = interruption(force)
  const parts = { options, life, interrupted, onForce: (end: () => void) => void abrupt.push(end) }
  const result = options.sample ? withSample(parts) : untilEnd(runPipelineOnly(parts), interrupted)
  const close = () => {
    if (isInterrupted(interrupted.signal.reason)) say('ending everything (Ctrl-C again forces it)')
    return life.close()
  }
  return { result, close, force }
}

const withSample = async (parts: StartParts): Promise<Result> => {
  const { options, life, interrupted } = parts
  const { stateDir, apiDir, ...terminal } = readStartEnvironment()
  if (!options.once) await refuseSecondStart(apiDir)
  const folder = makeRunFolder()
  parts.onForce(() => removeRunFolder(folder))
  life.onClose(() => removeRunFolder(folder))
  life.onClose(endChildren)
  const sample = await openSample({
    ...parts,
    processes: processesOf(options),
    folder,
    keysDir: join(stateDir, 'keys'),
    // One run alone needs no CLI beside it, and must not lead the CLI away from a start that stays up.
    ...(options.once ? { apiDir: folder, apiPort: 0 } : { apiDir, apiPort: await apiPort() }),
  })
  if (!options.once) return untilEnd(runLive(sample, interrupted.signal, terminal), interrupted)
  const report = await runOnce(sample, interrupted, options.json ? say : print)
  const problems = problemsOf(report)
  for (const problem of problems) say(`NOT WELL  ${problem}`)
  return {
    exitCode: problems.length === 0 ? exit.well : exit.notWell,
    last: options.json ? JSON.stringify(report) : sentenceOf(report),
  }
}

const print = (line: string) => void process.stdout.write(`${line}\n`)

/** What stays up until it is told to end has ended well when it was told. */
const untilEnd = async (work: Promise<void>, { signal }: Interruption): Promise<Result> => {
  await work.catch((error: unknown) => {
    if (error !== signal.reason) throw error
  })
  if (!isInterrupted(signal.reason)) throw signal.reason
  return { exitCode: exit.well }
}
