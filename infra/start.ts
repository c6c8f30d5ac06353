import { join } from 'node:path'
import { closing } from './start/closing.ts'
import { endChildren } from './start/end-children.ts'
import { readStartEnvironment } from './start/environment.ts'
import { exit, StartFailure, startFailureOf } from './start/failure.ts'
import { interruption } from './start/interruption.ts'
import { runLive } from './start/live.ts'
import { runOnce } from './start/once.ts'
import { openSample } from './start/open-sample.ts'
import { parseOptions, processesOf, type StartOptions } from './start/options.ts'
import { runPipelineOnly } from './start/pipeline-only.ts'
import { problemsOf } from './start/report.ts'
import { makeRunFolder, removeRunFolder } from './start/run-folder.ts'
import { say } from './start/say.ts'
import { finalLine } from './start/table.ts'

const life = closing()
let folder: string | undefined
let killRoles = () => {}
const onRoles = (kill: () => void) => {
  killRoles = kill
}

const run = async (options: StartOptions): Promise<number> => {
  const interrupted = interruption(() => {
    killRoles()
    if (folder !== undefined) removeRunFolder(folder)
  })
  if (!options.sample) return untilEnd(runPipelineOnly(options, life, interrupted, onRoles), interrupted.signal)

  const { stateDir, apiDir, ...terminal } = readStartEnvironment()
  const ours = makeRunFolder()
  folder = ours
  life.onClose(() => removeRunFolder(ours))
  life.onClose(endChildren)
  const sample = await openSample({
    processes: processesOf(options),
    folder: ours,
    keysDir: join(stateDir, 'keys'),
    // One run alone needs no CLI beside it, and must not lead the CLI away from a start that stays up.
    apiDir: options.once ? ours : apiDir,
    life,
    interruption: interrupted,
    onRoles,
  })
  if (!options.once) return untilEnd(runLive(sample, interrupted, terminal), interrupted.signal)
  const write = options.json ? say : (line: string) => void process.stdout.write(`${line}\n`)
  const report = await runOnce(sample, interrupted, write)
  const problems = problemsOf(report)
  for (const problem of problems) say(`NOT WELL  ${problem}`)
  if (options.json) life.onLast(() => process.stdout.write(`${JSON.stringify(report)}\n`))
  else write(finalLine(report))
  return problems.length === 0 ? exit.well : exit.notWell
}

/** What stays up until it is told to end has ended well when it was told. */
const untilEnd = async (work: Promise<void>, signal: AbortSignal): Promise<number> => {
  try {
    await work
  } catch (error) {
    if (error !== signal.reason || !(error instanceof StartFailure) || error.exitCode !== exit.interrupted) throw error
  }
  return exit.well
}
