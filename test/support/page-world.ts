import type { Browser, Page } from 'playwright-core'
import { apiWorld } from './api-world.ts'
import { openChromium } from './chromium.ts'
import type { Scene } from './page-scenes.ts'

export type PageWorld = {
  url: string
  /** What the API reads from now on. */
  show(scene: Scene): void
  open(options?: {
    width?: number
    height?: number
    dark?: boolean
    token?: string | undefined
    path?: string
  }): Promise<Page>
  stopApi(): Promise<void>
  close(): Promise<void>
}

/** The real API on loopback over a scene, and a real Chromium that looks at it. Whatever the page complains of fails `close`. */
export const pageWorld = async (first: Scene): Promise<PageWorld> => {
  let scene = first
  const { app, parts } = apiWorld({ parts: { now: Date.now } })
  const fallback = { ...parts.read }
  for (const name of readNames)
    parts.read[name] = ((...args: never[]) =>
      ((scene[name] ?? fallback[name]) as (...a: never[]) => unknown)(...args)) as never
  // What the ledger alone says, as while Kafka is away.
  parts.read.story = async (tenants, id) => {
    const entry = await parts.read.grant(tenants, id)
    return entry && { entry, sid: '0'.repeat(32), facts: [], complete: false }
  }
  const url = await app.listen({ host: '127.0.0.1', port: 0 })
  const browser: Browser = await openChromium()
  const complaints: string[] = []
  return {
    url,
    show: next => {
      scene = next
    },
    open: async ({ width = 1360, height = 900, dark = false, path = '', ...given } = {}) => {
      const context = await browser.newContext({
        viewport: { width, height },
        colorScheme: dark ? 'dark' : 'light',
        reducedMotion: 'reduce',
        locale: 'en-US',
      })
      const page = await context.newPage()
      page.on('pageerror', error => complaints.push(error.message))
      page.on('console', message => {
        // A connection that is refused is said by the browser itself.
        if (message.type() === 'error' && !/Failed to load resource|ERR_/.test(message.text()))
          complaints.push(message.text())
      })
      const token = 'token' in given ? given.token : 'local'
      await page.goto(`${url}/${path}${token === undefined ? '' : `#token=${token}`}`)
      return page
    },
    stopApi: () => app.close(),
    close: async () => {
      await browser.close()
      await app.close()
      if (complaints.length > 0) throw new Error(`the page complained: ${complaints.join('\n')}`)
    },
  }
}

const readNames = [
  'sessions',
  'session',
  'grants',
  'grant',
  'receipts',
  'secrets',
  'secret',
  'status',
  'canaries',
  'lastHour',
  'lag',
  'expiries',
  'deadLetters',
] as const
