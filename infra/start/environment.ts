import { homedir } from 'node:os'
import { join } from 'node:path'

export type StartEnvironment = {
  /** `<state home>/curfew`: what must outlive a start, outside of temporary folders. */
  stateDir: string
  /** Where `curfew` (the CLI) looks for the address and the token of the API. */
  apiDir: string
  colour: boolean
  /** A terminal that can redraw. */
  live: boolean
}

/** The only file here that reads process.env. */
export const readStartEnvironment = (): StartEnvironment => {
  const { XDG_STATE_HOME, CURFEW_STATE_DIR, NO_COLOR, TERM } = process.env
  const stateDir = join(XDG_STATE_HOME || join(homedir(), '.local', 'state'), 'curfew')
  const live = process.stdout.isTTY === true && TERM !== 'dumb'
  return { stateDir, apiDir: CURFEW_STATE_DIR || stateDir, live, colour: live && !NO_COLOR }
}
