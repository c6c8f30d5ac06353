import type { Preset, PresetRequest } from '../../../schemas/preset.ts'
import type { Problem } from '../../pipeline/errors.ts'
import type { Lane } from '../../pipeline/ports.ts'
import { fitsOne } from '../answer-fits.ts'
import type { Transport, WireAnswer, WireRequest } from '../http-transport.ts'
import type { Metered } from '../metered.ts'
import { type Answer, retryAfterMs } from '../reply.ts'
import { fillJson, fillRecord, fillText, type Names, namesIn } from '../template.ts'
import { wireProblem } from '../wire-problem.ts'
import { leadsElsewhere } from './handle-shape.ts'
import type { Product } from './product.ts'

export type ProductAnswer = Answer & { text: string; headers: WireAnswer['headers'] }
export type ProductReply = ProductAnswer | { problem: Problem }
export type Call = {
  operation: string
  request: PresetRequest
  budget: string
  lane: Lane
  names: Names
  /** On a connection that nobody used before: the answer may become a proof. */
  fresh?: boolean
}
export type ProductCall = (call: Call) => Promise<ProductReply>
export type CallParts = { product: Product; transport: Transport; metered: Metered<string> }

/** One call as the preset describes it, inside its group's budget. Without a session: see `withSession`. */
export const productCall = ({ product, transport, metered }: CallParts): ProductCall => {
  const { pauseHeader } = product.preset
  return call =>
    metered({ operation: call.operation, group: call.budget, lane: call.lane }, async (): Promise<ProductReply> => {
      const missing = unfilled(product, call)
      if (missing) return { problem: missing }
      const via = call.fresh ? transport.open() : undefined
      try {
        const answer = await transport.send({ ...rendered(product, call), ...(via === undefined ? {} : { via }) })
        const { statusCode: status, body, text, headers } = answer
        const pauses = status === 429 || status === 503
        const pauseMs = pauses ? retryAfterMs(headers[pauseHeader.toLowerCase()], Date.now()) : undefined
        return { status, body, text, headers, retryAfterMs: pauseMs }
      } catch (error) {
        return { problem: unreadable(error) ?? wireProblem(error) }
      } finally {
        await via?.destroy()
      }
    })
}

/** A name that stands for nothing would make another request of it, and one that is a step another path. Pages alone may be left out. */
const unfilled = ({ names: own }: Product, { request, names: more }: Call): Problem | undefined => {
  const known = (name: string) => more(name) ?? own(name)
  const missing = namesIn(request).find(name => !name.startsWith('page.') && known(name) === undefined)
  const wrong = missing ?? namesIn(request.path).find(name => leadsElsewhere(String(known(name))))
  return wrong === undefined
    ? undefined
    : {
        code: 'protocol',
        detail: `{{${wrong}}} stands for nothing that can be put into ${request.method} ${request.path}`,
      }
}

const rendered = ({ address, preset, names: own }: Product, { request, names: more }: Call): WireRequest => {
  const names: Names = name => more(name) ?? own(name)
  const path = fillText(request.path, names, value => encodeURIComponent(value)) ?? ''
  const query = new URLSearchParams(fillRecord(request.query, names)).toString()
  const basic = request.basic ?? preset.basic
  return {
    method: request.method,
    uri: `${address}${path}${query === '' ? '' : `?${query}`}`,
    headers: {
      ...(basic === undefined ? {} : { authorization: basicAuth(fillRecord(basic, names)) }),
      ...fillRecord(preset.headers, names),
      ...fillRecord(request.headers, names),
      ...(request.form === undefined ? {} : { 'content-type': 'application/x-www-form-urlencoded' }),
    },
    ...(request.json === undefined ? {} : { json: fillJson(request.json, names) }),
    ...(request.form === undefined ? {} : { text: new URLSearchParams(fillRecord(request.form, names)).toString() }),
  }
}

/** A secret's file that is not there: a human must act. */
const unreadable = (error: unknown): Problem | undefined => {
  const { syscall, path } = error instanceof Error ? (error as NodeJS.ErrnoException) : {}
  return syscall === 'open' ? { code: 'permission', detail: `cannot read the secret's file ${path}` } : undefined
}

const basicAuth = ({ username = '', password = '' }: Record<string, string>) =>
  `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`

/** What an answer that the preset does not name means for us: never that a key is dead. */
export const problemOf = (reply: ProductReply, request: PresetRequest): Problem => {
  if ('problem' in reply) return reply.problem
  const what = `HTTP ${reply.status} at ${request.method} ${request.path}`
  const pause = reply.retryAfterMs === undefined ? {} : { retryAfterMs: reply.retryAfterMs }
  if (reply.status === 429) return { code: 'throttled', detail: what, ...pause }
  if (reply.status === 401 || reply.status === 403)
    return { code: 'permission', detail: `${what}: the product refuses Curfew's login here` }
  if ([502, 503, 504].includes(reply.status)) return { code: 'unreachable', detail: what, ...pause }
  if (reply.status >= 500) return { code: 'backend', detail: what, ...pause }
  return { code: 'protocol', detail: `${what}: an answer that the preset does not name` }
}

/** Does the answer fit one of what the preset expects there? */
export const fitter = ({ zone }: Preset) => {
  return (expected: Parameters<typeof fitsOne>[0], reply: ProductReply): reply is ProductAnswer =>
    !('problem' in reply) && fitsOne(expected, reply, zone)
}
