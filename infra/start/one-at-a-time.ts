import { existsSync, readFileSync } from 'node:fs'
import { request } from 'undici'
import { apiState, apiStateFile } from '../../schemas/http.ts'
import { exit, StartFailure } from './failure.ts'

/** The command line finds one Curfew per user, by one file: a second start would lead it, and the first one's board, astray. */
export const refuseSecondStart = async (apiDir: string): Promise<void> => {
  const file = apiStateFile({ CURFEW_STATE_DIR: apiDir }, '')
  const running = existsSync(file) ? apiState.safeParse(read(file)) : undefined
  if (!running?.success || !(await answers(running.data.url))) return
  const where = `${running.data.url}, process ${running.data.pid}`
  throw new StartFailure(
    `Another Curfew of yours is running (${where}). End it first, or give this one a state of its own: XDG_STATE_HOME=<folder> npm start`,
    exit.software,
  )
}

const read = (file: string): unknown => {
  try {
    return JSON.parse(readFileSync(file, 'utf8'))
  } catch {
    return undefined
  }
}

/** Any answer: a Curfew that is not well is running too. */
const answers = (url: string): Promise<boolean> =>
  request(`${url}/healthz`, { headersTimeout: 2_000, bodyTimeout: 2_000 }).then(
    async answer => {
      await answer.body.dump()
      return true
    },
    () => false,
  )
