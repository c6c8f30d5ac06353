import { existsSync } from 'node:fs'
import packaged from '@sparticuz/chromium'
import { type Browser, chromium } from 'playwright-core'

/** A real headless Chromium: the machine's own where there is one, else the one inside the npm package. */
export const openChromium = async (): Promise<Browser> => {
  const own = '/usr/bin/chromium'
  const executablePath = existsSync(own) ? own : await packaged.executablePath()
  return chromium.launch({
    executablePath,
    args: ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage', '--enable-precise-memory-info'],
  })
}
