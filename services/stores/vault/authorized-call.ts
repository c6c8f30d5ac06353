import type { Problem } from '../../pipeline/errors.ts'
import { errorText, type Reply } from '../reply.ts'
import { problemOf } from './answers.ts'
import type { VaultRequest } from './client.ts'
import type { CallPurpose, MeteredCall } from './metered-call.ts'
import type { Session } from './session.ts'

/**
 * A call with the pipeline's own token. A 403 is never "gone": it is asked whether the token is alive. Lost: one new
 * login and the call again; alive: the login's policy lacks the path, and a human must add it.
 */
export const authorizedCall =
  (parts: { call: MeteredCall; session: Session }): MeteredCall =>
  async (purpose, request) => {
    const first = await attempt(parts, purpose, request)
    if (!first.refusedToken) return first.reply
    const self = await parts.call(
      { ...purpose, operation: 'lookup-self', group: 'probe' },
      { method: 'GET', path: 'auth/token/lookup-self', token: first.refusedToken },
    )
    if ('problem' in self) return self
    if (self.status === 200) return { problem: missingRight(request) }
    if (self.status !== 403) return { problem: problemOf(self) }
    parts.session.lost(first.refusedToken, problemOf(self))
    const second = await attempt(parts, purpose, request)
    return second.refusedToken ? { problem: missingRight(request) } : second.reply
  }

const attempt = async (
  parts: { call: MeteredCall; session: Session },
  purpose: CallPurpose,
  request: VaultRequest,
): Promise<{ reply: Reply; refusedToken?: string }> => {
  const login = await parts.session.login()
  if ('problem' in login) return { reply: login }
  const reply = await parts.call(purpose, { ...request, token: login.token })
  return refusesUs(reply) ? { reply, refusedToken: login.token } : { reply }
}

/** HashiCorp Vault answers an unknown accessor with 403 too: that is not about us. */
const refusesUs = (reply: Reply) =>
  !('problem' in reply) && reply.status === 403 && /permission denied|^$/i.test(errorText(reply))

const missingRight = (request: VaultRequest): Problem => ({
  code: 'permission',
  detail: `403 on ${request.path}: the login's policy needs ${request.method === 'GET' ? 'read' : 'update'} there`,
})
