import type { Status } from '../../schemas/status.ts'
import type { ApiParts } from './ports.ts'
import { judge } from './verdict.ts'
import { worstCanary } from './worst-canary.ts'

/** The five questions with one verdict: the same for the CLI, the page and whoever asks. Throws while Redis is away. */
export const wholeStatus = async ({ read }: Pick<ApiParts, 'read'>): Promise<Status> => {
  const [state, canaries] = await Promise.all([read.status(), read.canaries()])
  return { ...judge(state, canaries), ...state, canary: worstCanary(canaries), canaries, lastHour: read.lastHour() }
}
