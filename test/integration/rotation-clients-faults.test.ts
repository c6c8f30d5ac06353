import { afterAll, beforeAll, describe, it } from 'vitest'
import type { Store } from '../../services/pipeline/ports.ts'
import { type ClientsWorld, clientsWorld } from '../support/clients-world.ts'
import { faults } from '../support/faulty-stores.ts'
import { expectInPage, runCell, type Step, tableOf } from '../support/rotation-cells.ts'
import { sharedStack } from '../support/stack.ts'

/** Each step of a rotation of an OAuth client, each fault at it, with a real authorization server and a real Vault. */
const steps: Step[] = [
  { at: 'keeper.read', nth: 1, called: 'look at the keeper' },
  { at: 'issuer.reserve', nth: 1, called: 'reserve' },
  { at: 'issuer.issue', nth: 1, called: 'issue' },
  { at: 'keeper.stage', nth: 1, called: 'stage' },
  { at: 'issuer.use', nth: 1, called: 'try the new value' },
  { at: 'issuer.use', nth: 2, called: 'try a word that nobody issued' },
  { at: 'keeper.promote', nth: 1, called: 'promote' },
  { at: 'issuer.probe', nth: 1, called: 'first look at the new version' },
  { at: 'issuer.probe', nth: 2, called: 'look at the old one before its end' },
  { at: 'issuer.revoke', nth: 1, called: 'revoke the old one' },
  { at: 'issuer.probe', nth: 3, called: 'prove the old one dead' },
  { at: 'keeper.retire', nth: 1, called: 'close old versions' },
]
const cells = new Map<string, string>()
let world: ClientsWorld
let keeper: Store
let issuer: Store
beforeAll(async () => {
  world = await clientsWorld((await sharedStack()).addresses)
  keeper = world.keeper()
  issuer = world.open()
})
afterAll(() => world?.close())

describe('OAuth clients: whatever breaks at whatever step, consumers never read a secret that does not work', () => {
  for (const step of steps)
    it.each(faults)(`${step.called}: %s`, async fault => {
      const kept = await world.kept()
      const secret = world.secretOf(kept.name)
      const one = { kept, issuer, keeper, sealing: world.seals, secret, accepts: world.accepts }
      cells.set(`${step.called}/${fault}`, await runCell(one, step, fault).finally(kept.close))
    })
})

it('docs/rotation-faults.md says what was seen', () => {
  const title = 'An OAuth client for each version'
  expectInPage(
    'clients',
    tableOf(title, steps, (called, fault) => cells.get(`${called}/${fault}`)),
  )
})
