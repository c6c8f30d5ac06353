import { apiState, apiStateFile } from '../../schemas/http.ts'
import { CliFailure, exitCodes } from './exit-codes.ts'
import type { Io } from './io.ts'

/** The config of the Curfew that runs here. `asked`: what it is needed for; `next`: what to type instead. */
export const runningConfig = (io: Io, asked: string, next: string): string => {
  try {
    const { configFile } = apiState.parse(JSON.parse(io.readFile(apiStateFile(io.env, io.home))))
    if (configFile !== undefined) return configFile
  } catch {
    // No Curfew here.
  }
  throw new CliFailure(exitCodes.usage, 'no_config', `${asked} No Curfew runs here that could say.\nnext: ${next}`)
}
