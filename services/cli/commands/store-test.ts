import type { Finding, StoreTestReport } from '../../../schemas/store-test.ts'
import { CliFailure, exitCodes } from '../exit-codes.ts'
import type { Io } from '../io.ts'
import { runningConfig } from '../running-config.ts'
import { wrap } from '../text/plain.ts'

export type StoreTestOptions = {
  id: string
  config?: string
  handle?: string
  kind: string
  watch: string
  json?: boolean
}

/** Tells each finding as it is made; exit 1 when something does not fit. */
export const storeTestCommand = async (io: Io, { id, config, handle, kind, watch, json = false }: StoreTestOptions) => {
  const configFile =
    config ?? runningConfig(io, 'Which config has the store?', 'curfew store test <id> --config curfew.yaml')
  const value = handle === undefined ? undefined : (await io.readStdin())?.trim() || undefined
  const brought = handle === undefined ? undefined : { handle, kind, value }
  const tell = (finding: Finding) => (json ? undefined : io.out(line(finding)))
  const findings = await io
    .testStore({ store: id, configFile, brought, watchMs: Number(watch) * 1_000, tell })
    .catch((error: unknown) => {
      throw new CliFailure(exitCodes.cannotTell, 'not_tested', told(error))
    })
  const wrong = findings.filter(one => one.result === 'does_not_fit').length
  const report: StoreTestReport = {
    store: id,
    fits: wrong === 0 && findings.some(one => one.result === 'fits'),
    findings,
  }
  io.out(json ? JSON.stringify(report, undefined, 2) : `\n${verdict(report, wrong)}`)
  return report.fits ? exitCodes.done : exitCodes.notWell
}

const words = { fits: 'fits        ', does_not_fit: 'DOES NOT FIT', not_tried: 'not tried   ' }
const line = ({ step, result, says }: Finding) => `${words[result]}  ${step}\n${wrap(says, ' '.repeat(14))}`

const verdict = ({ store, fits, findings }: StoreTestReport, wrong: number): string => {
  const untried = findings.filter(one => one.result === 'not_tried').length
  const rest = untried === 0 ? '' : `, ${untried} could not be tried`
  if (fits) return `${store} FITS: ${findings.length - untried} of ${findings.length} steps tried${rest}`
  if (wrong === 0) return `${store}: nothing could be tried`
  return `${store} DOES NOT FIT: ${wrong} of ${findings.length} steps${rest}`
}

const told = (error: unknown) => `${error instanceof Error ? error.message : String(error)}\nnext: curfew help store`
