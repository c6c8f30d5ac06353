import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { emptyScene, grant, incidentScene, type Scene, wellScene } from '../support/page-scenes.ts'
import { type PageWorld, pageWorld } from '../support/page-world.ts'
import { until } from '../support/until.ts'

/** The real API without a pipeline behind it, and a real Chromium: what a person would see. */
let world: PageWorld
beforeAll(async () => {
  world = await pageWorld(wellScene())
})
afterAll(() => world?.close())

const look = async (scene: Scene, options: Parameters<PageWorld['open']>[0] = {}) => {
  world.show(scene)
  const page = await world.open(options)
  await page.waitForSelector('#live[data-live="true"]')
  return page
}
const text = async (page: Page, selector: string) =>
  ((await page.textContent(selector)) ?? '').replace(/\s+/g, ' ').trim()
const ends = (page: Page) => page.context().close()

describe('the page', () => {
  it('says in words what is alive that should be dead, why, and what to type; then that all is well again', async () => {
    const page = await look(incidentScene())
    expect(await text(page, '#sentence')).toMatch(/^5 credentials are alive past due, the oldest for 4 min \d\d s\.$/)
    expect([await text(page, '#word'), await page.title()]).toEqual(['NOT WELL', '5 past due · Curfew'])
    const row = await text(page, '#past-due-rows tr:first-child')
    expect(row).toContain('forbidden: 403 on sys/leases/revoke')
    expect(row).toContain('curfew doctor vault-prod')
    await page.waitForSelector('#lag-lines canvas')
    expect(await text(page, '#lag-rows')).toContain('vault-prod')
    world.show(wellScene())
    await until('it hears of it without a reload', async () => (await text(page, '#word')) === 'WELL')
    expect(await page.isVisible('#past-due')).toBe(false)
    await ends(page)
  })

  it('shows what senders wrote as text: no handle, session or reason becomes markup or script', async () => {
    const evil = '<img src=x onerror="window.hacked=1"></td><script>window.hacked=1</script>'
    const detail = `${evil} "'\u202e`
    const due = grant(1, {
      handle: evil,
      session: evil,
      tasks: [evil],
      state: 'blocked',
      cause: 'leaked',
      dueAt: Date.now() - 9e4,
      blocked: { since: 1, code: evil, detail },
    })
    const scene = incidentScene()
    const page = await look({
      ...scene,
      grants: () => Promise.resolve({ grants: [due], complete: true }),
      grant: () => Promise.resolve(due),
      deadLetters: () => Promise.resolve([{ topic: evil, reason: evil, count: 1 }]),
    })
    await page.keyboard.press('j')
    await page.keyboard.press('Enter')
    await page.waitForSelector('#panel .story')
    expect(await text(page, '#panel-body')).toContain('<img src=x')
    expect(await text(page, '#letters')).toContain('<script>')
    expect(await page.evaluate('[window.hacked, document.querySelectorAll("img, script:not([src])").length]')).toEqual([
      undefined,
      0,
    ])
    await ends(page)
  })

  it('takes the token out of the address bar, asks without one, and asks again when it is not good', async () => {
    const page = await look(wellScene())
    expect(await page.evaluate('[location.href.includes("token"), localStorage.length, document.cookie]')).toEqual([
      false,
      0,
      '',
    ])
    await ends(page)
    const asked = await world.open({ token: undefined })
    await asked.waitForSelector('#sign-in:not([hidden])')
    expect(await asked.isVisible('#verdict')).toBe(false)
    for (const [token, then] of [
      ['wrong', '#sign-in:not([hidden])'],
      ['local', '#live[data-live="true"]'],
    ] as const) {
      await asked.fill('#token', token)
      await asked.click('#sign-in button')
      await asked.waitForSelector(then)
    }
    await ends(asked)
  })

  it('is used without a mouse: / searches, j and k move, Enter opens a story that has a URL, Esc closes it', async () => {
    const page = await look(incidentScene())
    await page.waitForSelector('#past-due-rows tr:nth-child(5)')
    await page.keyboard.press('/')
    await page.keyboard.type('aws-eu')
    await until('the others are hidden', async () => (await page.locator('#past-due-rows tr').count()) === 1)
    await page.keyboard.press('Escape')
    await until('all are back', async () => (await page.locator('#past-due-rows tr').count()) === 5)
    for (const key of ['j', 'j', 'k', 'Enter']) await page.keyboard.press(key)
    await page.waitForSelector('#panel .story')
    expect(new URL(page.url()).hash).toBe(`#/grants/${'0'.repeat(32)}`)
    expect(await text(page, '#panel .standing')).toMatch(/^ALIVE, past due for 4 min/)
    await page.keyboard.press('Escape')
    expect(await page.isVisible('#panel')).toBe(false)
    expect(await page.evaluate('document.activeElement.dataset.grant')).toBe('0'.repeat(32))
    await ends(page)
  })

  it('fits a phone, and every text has contrast AA in light and dark', async () => {
    for (const [scene, dark] of [
      [incidentScene(), false],
      [incidentScene(), true],
      [emptyScene(), false],
    ] as const) {
      const page = await look(scene, { width: 390, height: 800, dark })
      await page.waitForSelector('#figures dd')
      expect(await page.evaluate('document.documentElement.scrollWidth <= innerWidth')).toBe(true)
      expect(await page.evaluate(lowContrast)).toEqual([])
      await ends(page)
    }
  })

  it('an empty Curfew says how to send the first event, with a command that can be copied', async () => {
    const page = await look(emptyScene())
    await page.waitForSelector('#first-event:not([hidden])')
    expect(await text(page, '#first-commands')).toContain(`curl -s ${world.url}/v1/events`)
    await ends(page)
  })

  it('what it cannot know is never shown as now: Redis away, then the API gone', async () => {
    const page = await look(wellScene())
    world.show({ ...wellScene(), status: () => Promise.reject(new Error('away')) })
    await until('it says so', async () => (await text(page, '#stale')).includes('Redis is away'))
    expect([await text(page, '#word'), await page.getAttribute('#verdict', 'data-tone')]).toEqual([
      'NOT LIVE',
      'unknown',
    ])
    world.show(wellScene())
    await until('it is live again', async () => (await text(page, '#word')) === 'WELL')
    await world.stopApi()
    await until('it says how old it is', async () =>
      /cannot be reached. What you see is \d+ s old/.test(await text(page, '#stale')),
    )
    expect([
      await text(page, '#word'),
      await page.title(),
      await page.evaluate('document.body.classList.contains("stale")'),
    ]).toEqual(['NOT LIVE', '(not live) WELL · Curfew', true])
    expect(await text(page, '#sentence')).toBe('Last known: Nothing is alive past due.')
    await ends(page)
  })
})

/** Runs in the page: every text against what is painted behind it (WCAG 2.2: 4.5, large text 3). */
const lowContrast = `(() => {
  const canvas = document.createElement('canvas').getContext('2d', { willReadFrequently: true })
  const rgb = colour => {
    canvas.clearRect(0, 0, 1, 1)
    canvas.fillStyle = colour
    canvas.fillRect(0, 0, 1, 1)
    return [...canvas.getImageData(0, 0, 1, 1).data]
  }
  const light = ([r, g, b]) => [r, g, b].map(v => v / 255).map(v => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4))
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0)
  const behind = node => {
    for (let at = node; at; at = at.parentElement) {
      const colour = rgb(getComputedStyle(at).backgroundColor)
      if (colour[3] === 255) return colour
    }
    return [255, 255, 255, 255]
  }
  const found = []
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT)
  while (texts.nextNode()) {
    const node = texts.currentNode.parentElement
    if (!texts.currentNode.data.trim() || !node.checkVisibility() || node.closest('#stale')) continue
    const style = getComputedStyle(node)
    const [a, b] = [light(rgb(style.color)), light(behind(node))].sort((x, y) => y - x)
    const ratio = (a + 0.05) / (b + 0.05)
    const size = parseFloat(style.fontSize)
    if (ratio < (size >= 24 || (size >= 18.7 && style.fontWeight >= 700) ? 3 : 4.5)) found.push(ratio.toFixed(2) + ' ' + texts.currentNode.data.trim())
  }
  return found
})()`
