import type { RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { toNodeHandler } from 'better-auth/node'
import { heldRequests } from './held-requests.ts'
import type { SampleCredential } from './issuer.ts'
import { startKeyMcpServer } from './key-mcp-server.ts'
import {
  type Account,
  type KeyAuth,
  type KeyProductData,
  type KeyProductOptions,
  keyAuth,
  newKeyProductData,
  ownerId,
} from './key-product-auth.ts'
import { tryMcp } from './oauth-doors.ts'
import { listen, stop } from './oauth-issuer.ts'

export type KeyProduct = Awaited<ReturnType<typeof startKeyProduct>>
/** `shown`: the grant carries the key itself, for stores that want it. */
export type IssueOptions = { name?: string; expiresInSeconds?: number; shown?: boolean }
type StartOptions = KeyProductOptions & {
  /** Under which Curfew knows it. */
  store?: string
  port?: number
  mcpPort?: number
  data?: KeyProductData
}

/**
 * A real key product (better-auth with its api-key plugin) and a real MCP server that asks it about the key at every use, all
 * in this process. What its API answers was seen by running it: test/unit/key-product.test.ts.
 */
export const startKeyProduct = async (options: StartOptions = {}) => {
  const { store = 'mcp-keys', data = newKeyProductData() } = options
  let handle: RequestListener = (_request, response) => void response.writeHead(503).end()
  const silence = heldRequests((request, response) => handle(request, response))
  const api = async (port?: number) => listen(silence.handler, port)
  let server = await api(options.port)
  const { port } = server.address() as AddressInfo
  const address = `http://127.0.0.1:${port}`
  const auth = keyAuth(address, data, options)
  handle = toNodeHandler(auth)
  const owners = new Map<string, string>()
  for (const one of [data.account, data.other]) owners.set(one.email, await ownerId(auth, data, one))
  // As the documentation of better-auth has it: whatever is not valid is refused.
  const accepts = async (key: string) => (await auth.api.verifyApiKey({ body: { key } })).valid
  const mcp = await startKeyMcpServer({ accepts, ...(options.mcpPort ? { port: options.mcpPort } : {}) })
  const { mcpUrl } = mcp
  const issueKeyOf = async ({ email }: Account, more: IssueOptions = {}) => {
    const made = await makeKey(auth, owners.get(email) ?? '', more)
    return credential(store, made, mcpUrl, more.shown === true)
  }
  return {
    address,
    mcpUrl,
    mcp,
    account: data.account,
    other: data.other,
    issueKey: (more?: IssueOptions) => issueKeyOf(data.account, more),
    issueKeyOf,
    /** The truth, asked of the product itself. */
    opens: accepts,
    /** As the platform itself does it. */
    endKey: (id: string) => {
      data.tables.apikey = (data.tables.apikey ?? []).filter(row => row.id !== id)
    },
    loseSessions: () => void data.tables.session?.splice(0),
    breakDatabase: () => breakKeys(data),
    /** Of the API alone: its address refuses connections, the door goes on. */
    stopApi: () => stop(server),
    startApi: async () => {
      server = await api(port)
    },
    /** The API takes calls and answers none. */
    holdApi: silence.hold,
    releaseApi: silence.release,
    /** What a later start needs to be this product again, at the same addresses with the same data. */
    again: { ...options, data, port, mcpPort: Number(new URL(mcpUrl).port) },
    close: async () => {
      await mcp.close()
      await stop(server)
    },
  }
}

/**
 * The table of keys cannot be read until the function that is returned is called. `verifyApiKey` says `valid: false`,
 * INVALID_API_KEY of every key meanwhile, so the door refuses living keys with 401; the key API answers 500 (better-auth
 * prints SERVER_ERROR on stderr for it, whatever its logger is told).
 */
const breakKeys = ({ tables }: KeyProductData) => {
  const { apikey = [] } = tables
  delete tables.apikey
  return () => {
    tables.apikey = apikey
  }
}

type Made = { id: string; key: string; expiresAt: Date | null }

/** As the platform's own code does, without a request: no session, no limit. */
const makeKey = async (auth: KeyAuth, userId: string, { name = 'agent', expiresInSeconds }: IssueOptions) =>
  auth.api.createApiKey({ body: { userId, name, expiresIn: expiresInSeconds ?? 7 * 86_400 } })

const credential = (store: string, made: Made, mcpUrl: string, shown: boolean): SampleCredential => {
  const { id, key, expiresAt } = made
  const attempt = () => tryMcp(mcpUrl, key)
  return {
    grant: {
      store,
      kind: 'api.key',
      handle: id,
      ...(expiresAt ? { expiresAt: expiresAt.toISOString() } : {}),
      renewable: false,
    },
    values: [key],
    ...(shown ? { shown: key } : {}),
    use: async () => (await attempt()).seen,
    try: attempt,
  }
}
