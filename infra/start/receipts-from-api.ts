import { readFileSync } from 'node:fs'
import { request } from 'undici'
import { type ApiState, apiState, apiStateFile, receiptList } from '../../schemas/http.ts'
import type { Receipt } from '../../schemas/receipt.ts'

export type ReceiptSource = { of(store: string, handle: string): Receipt | undefined; close(): Promise<void> }
export type ReceiptsOptions = {
  apiDir: string
  /** Pids of our own API: the file may be of another start, or of one that is over. */
  pids(): number[]
}

const everyMs = 200
const lookBackMs = 120_000
const limit = 10_000

/** Asks Curfew's API for receipts as anybody else would. An API that is away is asked again. */
export const receiptsFromApi = (options: ReceiptsOptions): ReceiptSource => {
  const known = new Map<string, Receipt>()
  const key = (store: string, handle: string) => JSON.stringify([store, handle])
  const note = (receipt: Receipt) => known.set(key(receipt.store, receipt.handle), receipt)
  const closing = new AbortController()

  const poll = async () => {
    while (!closing.signal.aborted) {
      const since = Date.now() - lookBackMs
      for (const receipt of await recentReceipts(options, since, closing.signal).catch(() => [])) note(receipt)
      await pause(everyMs, closing.signal)
    }
  }
  const polling = poll()
  return {
    of: (store, handle) => known.get(key(store, handle)),
    close: async () => {
      closing.abort()
      await polling
    },
  }
}

const recentReceipts = async (options: ReceiptsOptions, since: number, signal: AbortSignal): Promise<Receipt[]> => {
  const { url, token, pid } = readState(options.apiDir)
  if (!options.pids().includes(pid)) return []
  const answer = await request(`${url}/v1/receipts?since=${since}&limit=${limit}`, {
    headers: { authorization: `Bearer ${token}` },
    headersTimeout: 5_000,
    bodyTimeout: 5_000,
    signal,
  })
  return receiptList.parse(await answer.body.json()).receipts
}

const readState = (apiDir: string): ApiState =>
  apiState.parse(JSON.parse(readFileSync(apiStateFile({ CURFEW_STATE_DIR: apiDir }, ''), 'utf8')))

const pause = (ms: number, signal: AbortSignal) =>
  new Promise<void>(resolve => {
    const timer = setTimeout(done, ms)
    signal.addEventListener('abort', done, { once: true })
    function done() {
      clearTimeout(timer)
      signal.removeEventListener('abort', done)
      resolve()
    }
  })
