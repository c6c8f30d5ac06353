import { afterAll, beforeAll, describe, it } from 'vitest'
import { faults } from '../support/faulty-stores.ts'
import { type RotatedKeys, rotatedKeys } from '../support/rotated-keys-world.ts'
import { expectInPage, runCell, seenCells, stepsWithout } from '../support/rotation-cells.ts'

/**
 * The first tables of docs/rotation-faults.md: each step of a rotation, each fault at it, with a real Vault, a real key product and a real MCP
 * server that is told its keys. What must hold in every cell is asserted in `runCell`; what became of it is the cell's text.
 */
const titles = {
  product: 'A key product that issues under names',
  server: 'A server that is told its keys by a hook',
}
const issuers = ['product', 'server'] as const
const steps = {
  product: stepsWithout('issuer.reserve', 'issuer.install'),
  server: stepsWithout('issuer.reserve'),
}
const cells = { product: seenCells(steps.product), server: seenCells(steps.server) }
let keys: RotatedKeys
beforeAll(async () => {
  keys = await rotatedKeys()
})
afterAll(() => keys?.close())

for (const issuer of issuers)
  describe(titles[issuer], () => {
    for (const step of steps[issuer])
      it.concurrent.each(faults)(`${step.called}: %s`, async fault => {
        const one = await keys[issuer]()
        const accepts = ({ value = '' }: Record<string, string>) => one.accepts(value)
        try {
          const subject = { ...one, keeper: keys.keeper, sealing: keys.seals, accepts }
          cells[issuer].saw(step, fault, await runCell(subject, step, fault))
        } finally {
          await one.close()
        }
      })
  })

it('docs/rotation-faults.md says what was seen', () =>
  expectInPage('keys', issuers.map(issuer => cells[issuer].table(titles[issuer])).join('\n\n')))
