import type { Status } from '../../schemas/status.ts'
import type { ApiParts } from './ports.ts'
import { judge } from './verdict.ts'

/** The five questions with one verdict: the same for the CLI, the page and whoever asks. Throws while Redis is away. */
export const wholeStatus = async ({ read }: Pick<ApiParts, 'read'>): Promise<Status> => {
  const [state, canary] = await Promise.all([read.status(), read.canary()])
  return { ...judge(state, canary), ...state, canary, lastHour: read.lastHour() }
}
