import type { Lane } from '../pipeline/ports.ts'
import type { Door, DoorAnswer } from './door.ts'
import type { Metered } from './metered.ts'
import type { Reply } from './reply.ts'

/** One use of a token at the door, inside a budget of its own: the resource is not the issuer. */
export const meteredDoor =
  <G extends string>(door: Door, call: Metered<G>, group: G) =>
  async (token: string, lane: Lane): Promise<DoorAnswer> => {
    let answer: DoorAnswer | undefined
    const reply = await call({ operation: 'door.use', group, lane }, async (): Promise<Reply> => {
      const used = await door.use(token)
      answer = used
      const { status, retryAfterMs } = used
      if (status !== undefined) return { status, body: undefined, retryAfterMs }
      return { problem: used.state === 'unknown' ? used.problem : { code: 'protocol', detail: 'no answer' } }
    })
    if (answer) return answer
    const problem = 'problem' in reply ? reply.problem : ({ code: 'protocol', detail: 'no answer' } as const)
    return { state: 'unknown', problem }
  }
