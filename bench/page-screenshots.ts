import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { emptyScene, incidentScene, type Scene, wellScene } from '../test/support/page-scenes.ts'
import { pageWorld } from '../test/support/page-world.ts'

/** `node bench/page-screenshots.ts [folder]`: the page in invented worlds, for docs/screenshots. */
const folder = process.argv[2] ?? join(import.meta.dirname, '../docs/screenshots')
mkdirSync(folder, { recursive: true })
const first = '0'.repeat(32)
const shots: [
  name: string,
  scene: Scene,
  options: { width?: number; height?: number; dark?: boolean },
  then?: string,
][] = [
  ['desktop', wellScene(), {}],
  ['incident', incidentScene(), {}],
  ['dark', incidentScene(), { dark: true }],
  ['phone', incidentScene(), { width: 390, height: 844 }],
  ['empty', emptyScene(), { height: 760 }],
  ['story', incidentScene(), {}, `#/grants/${first}`],
]
const world = await pageWorld(wellScene())
try {
  for (const [name, scene, options, then] of shots) {
    world.show(scene)
    const page = await world.open(options)
    await page.waitForSelector('#live[data-live="true"]')
    await page.waitForTimeout(1_500)
    if (then !== undefined) {
      await page.goto(`${world.url}/${then}`)
      await page.waitForSelector('#panel .story')
    }
    await page.screenshot({ path: join(folder, `${name}.png`), fullPage: then === undefined && name !== 'phone' })
    if (name === 'phone') await page.screenshot({ path: join(folder, 'phone-whole.png'), fullPage: true })
    await page.context().close()
  }
} finally {
  await world.close()
}
