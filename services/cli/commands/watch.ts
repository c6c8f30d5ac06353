import { callApi } from '../call-api.ts'
import { CliFailure, exitCodes } from '../exit-codes.ts'
import type { Io } from '../io.ts'
import { moment } from '../text/duration.ts'
import { statusText } from '../text/status-text.ts'
import { readStatus, statusExit } from './status.ts'

const clearScreen = '\u001b[H\u001b[2J'

/** The status, live. A lost connection is said at once: what is shown is never old. Ends with Ctrl-C. */
export const watchCommand = async (
  io: Io,
  options: { json?: boolean; everyMs: number; times?: number },
): Promise<number> => {
  const api = callApi(io)
  let exitCode: number = exitCodes.cannotTell
  for (let shown = 0; shown < (options.times ?? Number.POSITIVE_INFINITY); shown += 1) {
    if (shown > 0) await io.pause(options.everyMs)
    if (io.interrupted.aborted) break
    const picture = await look(api, options.json === true)
    exitCode = picture.exitCode
    if (options.json) io.out(picture.text)
    else io.out(`${io.liveScreen ? clearScreen : ''}${moment(io.now())}   Ctrl-C ends\n\n${picture.text}\n`)
  }
  return exitCode
}

const look = async (api: ReturnType<typeof callApi>, json: boolean): Promise<{ text: string; exitCode: number }> => {
  try {
    const status = await readStatus(api)
    return { text: json ? JSON.stringify(status) : statusText(status), exitCode: statusExit(status) }
  } catch (error) {
    if (!(error instanceof CliFailure) || error.exitCode !== exitCodes.cannotTell) throw error
    const { code, message, exitCode } = error
    return { text: json ? JSON.stringify({ code, message }) : `CANNOT TELL\n${message}`, exitCode }
  }
}
