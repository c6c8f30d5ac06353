import { Agent, request } from 'node:http'

export type Sent = { status: number; body: string }
export type InboxClient = {
  post(path: string, body: Buffer, headers: Record<string, string | undefined>): Promise<Sent>
  close(): void
}

/** A sender with a few kept connections: thousands of deliveries do not each open one. `url`: as it is at each moment. */
export const inboxClient = (url: () => string): InboxClient => {
  const agent = new Agent({ keepAlive: true, maxSockets: 8 })
  const given = (headers: Record<string, string | undefined>) =>
    Object.fromEntries(Object.entries(headers).filter(([, value]) => value !== undefined))
  return {
    post: (path, body, headers) =>
      new Promise((resolve, reject) => {
        const options = { method: 'POST', agent, headers: { ...given(headers), 'content-length': body.length } }
        const sent = request(`${url()}${path}`, options, answer => {
          const chunks: Buffer[] = []
          answer.on('data', chunk => chunks.push(chunk))
          answer.on('error', reject)
          answer.on('end', () => resolve({ status: answer.statusCode ?? 0, body: Buffer.concat(chunks).toString() }))
        })
        sent.on('error', reject)
        sent.end(body)
      }),
    close: () => agent.destroy(),
  }
}

/** The same for every item, a few at a time. */
export const inParallel = async <T>(items: T[], act: (item: T) => Promise<void>, lanes = 8): Promise<void> => {
  const left = items.values()
  await Promise.all(
    Array.from({ length: lanes }, async () => {
      for (const item of left) await act(item)
    }),
  )
}
