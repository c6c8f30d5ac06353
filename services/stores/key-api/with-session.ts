import type { Preset } from '../../../schemas/preset.ts'
import type { Problem } from '../../pipeline/errors.ts'
import { fitter, type ProductCall, type ProductReply } from './product-call.ts'
import type { ProductSession } from './product-session.ts'

/** A call with the shared session. An answer that says that the session is over: one new login, and the call again. */
export const withSession = (call: ProductCall, session: ProductSession, preset: Preset): ProductCall => {
  const lost = preset.login?.lost ?? []
  const attempt = async (wanted: Parameters<ProductCall>[0]): Promise<{ reply: ProductReply; token: string }> => {
    const token = await session.token(wanted.lane).catch(() => noRedis)
    if (typeof token !== 'string') return { reply: token, token: '' }
    const names: typeof wanted.names = name => (name === 'login.token' ? token : wanted.names(name))
    return { reply: await call({ ...wanted, names }), token }
  }
  return async wanted => {
    const first = await attempt(wanted)
    if (!fitter(preset)(lost, first.reply)) return first.reply
    await session.lost(first.token).catch(() => undefined)
    const second = await attempt(wanted)
    return fitter(preset)(lost, second.reply) ? { problem: refused(wanted) } : second.reply
  }
}

const noRedis: { problem: Problem } = {
  problem: { code: 'throttled', detail: 'the shared login in Redis cannot be read', retryAfterMs: 1_000 },
}
const refused = ({ request }: Parameters<ProductCall>[0]): Problem => ({
  code: 'permission',
  detail: `${request.method} ${request.path} is refused with a new login too: the login lacks the right`,
})
