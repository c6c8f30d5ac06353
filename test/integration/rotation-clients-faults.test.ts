import { afterAll, beforeAll, describe, it } from 'vitest'
import type { Store } from '../../services/pipeline/ports.ts'
import { type ClientsWorld, clientsWorld } from '../support/clients-world.ts'
import { faults } from '../support/faulty-stores.ts'
import { expectInPage, runCell, seenCells, stepsWithout } from '../support/rotation-cells.ts'
import { sharedStack } from '../support/stack.ts'

/** Each step of a rotation of an OAuth client, each fault at it, with a real authorization server and a real Vault. */
const steps = stepsWithout('issuer.named', 'issuer.install')
const cells = seenCells(steps)
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
      cells.saw(step, fault, await runCell(one, step, fault).finally(kept.close))
    })
})

it('docs/rotation-faults.md says what was seen', () =>
  expectInPage('clients', cells.table('An OAuth client for each version')))
