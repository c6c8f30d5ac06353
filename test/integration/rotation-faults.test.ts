import { afterAll, beforeAll, describe, it } from 'vitest'
import { faults } from '../support/faulty-stores.ts'
import { type RotatedKeys, rotatedKeys } from '../support/rotated-keys-world.ts'
import { expectInPage, runCell, type Step, tableOf } from '../support/rotation-cells.ts'

/**
 * The first tables of docs/rotation-faults.md: each step of a rotation, each fault at it, with a real Vault, a real key product and a real MCP
 * server that is told its keys. What must hold in every cell is asserted in `runCell`; what became of it is the cell's text.
 */
const steps: Step[] = [
  { at: 'keeper.read', nth: 1, called: 'look at the keeper' },
  { at: 'issuer.named', nth: 1, called: 'search the issuer by name' },
  { at: 'issuer.issue', nth: 1, called: 'issue' },
  { at: 'keeper.stage', nth: 1, called: 'stage' },
  { at: 'issuer.install', nth: 1, called: 'install at the server' },
  { at: 'issuer.use', nth: 1, called: 'try the new value' },
  { at: 'issuer.use', nth: 2, called: 'try a word that nobody issued' },
  { at: 'keeper.promote', nth: 1, called: 'promote' },
  { at: 'issuer.probe', nth: 1, called: 'first look at the new version' },
  { at: 'issuer.probe', nth: 2, called: 'look at the old one before its end' },
  { at: 'issuer.revoke', nth: 1, called: 'revoke the old one' },
  { at: 'issuer.probe', nth: 3, called: 'prove the old one dead' },
  { at: 'keeper.retire', nth: 1, called: 'close old versions' },
]
const titles = {
  product: 'A key product that issues under names',
  server: 'A server that is told its keys by a hook',
}
const issuers = ['product', 'server'] as const
const stepsOf = (issuer: string) => steps.filter(({ at }) => at !== 'issuer.install' || issuer === 'server')
const cells = new Map<string, string>()
let keys: RotatedKeys
beforeAll(async () => {
  keys = await rotatedKeys()
})
afterAll(() => keys?.close())

for (const issuer of issuers)
  describe(titles[issuer], () => {
    for (const step of stepsOf(issuer))
      it.concurrent.each(faults)(`${step.called}: %s`, async fault => {
        const one = await keys[issuer]()
        const accepts = ({ value = '' }: Record<string, string>) => one.accepts(value)
        try {
          const subject = { ...one, keeper: keys.keeper, sealing: keys.seals, accepts }
          cells.set(`${issuer}/${step.called}/${fault}`, await runCell(subject, step, fault))
        } finally {
          await one.close()
        }
      })
  })

it('docs/rotation-faults.md says what was seen', () => {
  const tables = issuers.map(issuer =>
    tableOf(titles[issuer], stepsOf(issuer), (called, fault) => cells.get(`${issuer}/${called}/${fault}`)),
  )
  expectInPage('keys', tables.join('\n\n'))
})
