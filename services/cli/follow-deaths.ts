import type { GrantEntry, SessionDetail } from '../../schemas/http.ts'
import type { CallApi } from './call-api.ts'
import { CliFailure, exitCodes } from './exit-codes.ts'
import type { Io } from './io.ts'

const pollMs = 250

/** Waits for the death of each planned grant and tells each once. Returns how they stand at the end. */
export const followDeaths = async (
  io: Io,
  api: CallApi,
  planned: GrantEntry[],
  options: { timeoutMs: number; onDeath(grant: GrantEntry): void },
): Promise<GrantEntry[]> => {
  const deadline = io.now() + options.timeoutMs
  const standing = new Map(planned.map(grant => [grant.grant, grant]))
  const open = () => [...standing.values()].filter(grant => !grant.receipt)
  while (open().length > 0 && io.now() < deadline && !io.interrupted.aborted) {
    for (const session of new Set(open().map(grant => grant.session)))
      for (const grant of await grantsOf(api, session)) {
        const before = standing.get(grant.grant)
        if (!before || before.receipt) continue
        standing.set(grant.grant, grant)
        if (grant.receipt) options.onDeath(grant)
      }
    if (open().length > 0) await io.pause(pollMs)
  }
  return [...standing.values()]
}

/** An API that is away for a moment does not end the waiting: the command is taken, the deaths go on. */
const grantsOf = async (api: CallApi, session: string): Promise<GrantEntry[]> => {
  try {
    return (await api<SessionDetail>('GET', `/v1/sessions/${encodeURIComponent(session)}`)).grants
  } catch (error) {
    if (error instanceof CliFailure && error.exitCode === exitCodes.cannotTell) return []
    throw error
  }
}
