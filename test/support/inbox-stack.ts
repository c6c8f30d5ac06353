import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { SampleCredential } from '../../infra/sample/issuer.ts'
import type { Watched } from '../../infra/sample/prober.ts'
import type { ApiState } from '../../schemas/http.ts'
import { inboxClient, type Sent } from './inbox-client.ts'
import { files, partnerKeySet, signers } from './inbox-senders.ts'
import { seal } from './seal.ts'
import { until } from './until.ts'
import { startWorld, twoOfEach, type World } from './world.ts'

export type Sending = { path: string; body: Buffer; headers: Record<string, string | undefined> }
export type InboxStack = {
  world: World
  /** Outside the pipeline's own folders: reports with values lie here. */
  folder: string
  /** Every value that was handed out. */
  values: string[]
  /** Grants it with the fingerprint of its value, as an issuer does. */
  held(session: string, one: SampleCredential): Promise<Watched>
  send(sending: Sending): Promise<Sent>
  close(): Promise<void>
}

/** A pipeline with an API and senders: GitHub (`gh`, its key set served here), GitLab (`gl`), Standard Webhooks (`mine`). */
export const startInboxStack = async (): Promise<InboxStack> => {
  const folder = mkdtempSync(join(tmpdir(), 'curfew-inbox-'))
  const keys = createServer((_request, answer) => void answer.setHeader('connection', 'close').end(partnerKeySet))
  await new Promise<void>(resolve => keys.listen(0, '127.0.0.1', resolve))
  const keysUrl = `http://127.0.0.1:${(keys.address() as AddressInfo).port}/`
  for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), content, { mode: 0o600 })
  const secrets = (name: string) => [{ file: join(folder, name) }]
  const sender = { principal: 'scanner', perMinute: 1_000_000 }
  const senders = [
    { ...sender, id: 'gh', dialect: 'github-partner' as const, keysUrl },
    { ...sender, id: 'gl', dialect: 'gitlab' as const, secrets: secrets('secret'), types: ['t'] },
    { ...sender, id: 'mine', dialect: 'standard-webhooks' as const, secrets: secrets('whsec'), clear: true },
  ]
  const world = await startWorld({
    processes: [...twoOfEach, ['api']],
    env: { CURFEW_LOG_LEVEL: 'trace' },
    overrides: { api: { port: 0 }, inbox: { senders } },
  })
  const url = () => (JSON.parse(readFileSync(join(world.dir, 'api.json'), 'utf8')) as ApiState).url
  const health = () => fetch(`${url()}/healthz`, { headers: { connection: 'close' } })
  await until('the API answers', async () => (await health()).text())
  const client = inboxClient(url)
  const values: string[] = []
  return {
    world,
    folder,
    values,
    held: async (session, one) => {
      const value = one.values[0] ?? ''
      values.push(value)
      return world.handOut(session, one, { sealed: [await seal(world.config, value)] })
    },
    send: ({ path, body, headers }) => client.post(path, body, headers),
    close: async () => {
      client.close()
      await world.close()
      await new Promise(resolve => keys.close(resolve))
      rmSync(folder, { recursive: true })
    },
  }
}

export const match = (token: string, url = 'https://github.com/o/r/blob/a/b.txt') => ({
  token,
  type: 'vault',
  url,
  source: 'commit',
})
export const asGithub = (entries: object[]): Sending => {
  const body = Buffer.from(JSON.stringify(entries))
  return { path: '/v1/inbox/gh', body, headers: signers.githubPartner(body) }
}
export const asStandard = (value: string, id: string): Sending => {
  const body = Buffer.from(JSON.stringify({ value }))
  return { path: '/v1/inbox/mine', body, headers: signers.standardV1(body, Date.now(), id) }
}
