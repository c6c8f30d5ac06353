import type { Status } from '../../../schemas/status.ts'
import { type CallApi, callApi } from '../call-api.ts'
import { exitCodes } from '../exit-codes.ts'
import type { Io } from '../io.ts'
import { statusText } from '../text/status-text.ts'

export const statusExit = ({ verdict }: Status): number =>
  ({ well: exitCodes.done, not_well: exitCodes.notWell, cannot_tell: exitCodes.cannotTell })[verdict]

export const readStatus = (api: CallApi): Promise<Status> => api<Status>('GET', '/v1/status')

/** Is anything alive that should be dead? */
export const statusCommand = async (io: Io, options: { json?: boolean }): Promise<number> => {
  const status = await readStatus(callApi(io))
  io.out(options.json ? JSON.stringify(status, undefined, 2) : statusText(status))
  return statusExit(status)
}
