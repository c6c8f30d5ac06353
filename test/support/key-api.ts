import { request } from 'node:http'

export type ApiReply = { status: number; headers: Record<string, unknown>; body: Record<string, unknown> }

/**
 * A call with no header but those that are said: `fetch` adds `sec-fetch-mode`, and better-auth asks an origin of whoever
 * sends that. Answers that are no JSON have an empty body here.
 */
export const plainCall = (
  method: string,
  url: string,
  headers: Record<string, string> = {},
  body?: unknown,
): Promise<ApiReply> =>
  new Promise((resolve, reject) => {
    const type: Record<string, string> = body === undefined ? {} : { 'content-type': 'application/json' }
    const call = request(url, { method, headers: { ...type, ...headers }, agent: false }, answer => {
      const parts: Buffer[] = []
      answer.on('data', part => parts.push(part))
      answer.on('end', () =>
        resolve({ status: answer.statusCode ?? 0, headers: answer.headers, body: jsonOf(Buffer.concat(parts)) }),
      )
    })
    call.on('error', reject)
    call.end(body === undefined ? undefined : JSON.stringify(body))
  })

const jsonOf = (bytes: Buffer): Record<string, unknown> => {
  try {
    return JSON.parse(bytes.toString()) ?? {}
  } catch {
    return {}
  }
}
