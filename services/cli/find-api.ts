import { apiState, apiStateFile } from '../../schemas/http.ts'
import { CliFailure, exitCodes } from './exit-codes.ts'
import type { Io } from './io.ts'

export type ApiAddress = { url: string; token: string; from: string }

/** CURFEW_URL and CURFEW_TOKEN, or what a Curfew of the same user wrote down on this machine. */
export const findApi = (io: Io): ApiAddress => {
  const { CURFEW_URL: url, CURFEW_TOKEN: token } = io.env
  if (url && token) return { url: url.replace(/\/+$/, ''), token, from: 'CURFEW_URL and CURFEW_TOKEN' }
  if (url || token)
    throw new CliFailure(
      exitCodes.usage,
      'half_an_address',
      'CURFEW_URL and CURFEW_TOKEN go together: set both or none.',
    )
  const file = apiStateFile(io.env, io.home)
  try {
    const state = apiState.parse(JSON.parse(io.readFile(file)))
    return { url: state.url, token: state.token, from: file }
  } catch {
    throw new CliFailure(
      exitCodes.cannotTell,
      'not_running',
      `No Curfew is running here: ${file} is missing or cannot be read.
It is down, or runs as another user or on another machine. Whether anything is
alive that should be dead cannot be told.
next: npm start -- --no-sample                 starts it here
      CURFEW_URL=... CURFEW_TOKEN=... curfew   asks one elsewhere`,
    )
  }
}
