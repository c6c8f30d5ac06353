import { afterAll, beforeAll, describe, it } from 'vitest'
import type { Store } from '../../services/pipeline/ports.ts'
import { type DynamicWorld, dynamicWorld } from '../support/dynamic-world.ts'
import { faults } from '../support/faulty-stores.ts'
import { expectInPage, runCell, seenCells, stepsWithout } from '../support/rotation-cells.ts'
import { sharedStack } from '../support/stack.ts'

/** Each step of a rotation of a dynamic role's login, each fault at it, with a real Vault and a real PostgreSQL. */
const steps = stepsWithout('issuer.named', 'issuer.install')
const cells = seenCells(steps)
let world: DynamicWorld
let keeper: Store
let issuer: Store
beforeAll(async () => {
  world = await dynamicWorld((await sharedStack()).addresses)
  keeper = world.keeper()
  issuer = world.open(await world.role())
})
afterAll(() => world?.close())

describe('a dynamic role: whatever breaks at whatever step, consumers never read a login that does not work', () => {
  for (const step of steps)
    it.each(faults)(`${step.called}: %s`, async fault => {
      const kept = await world.kept()
      const accepts = (data: Record<string, string>) => world.opens(data.username ?? '', data.password ?? '')
      const secret = world.secretOf(kept.name)
      const one = { kept, issuer, keeper, sealing: world.seals, secret, accepts }
      cells.saw(step, fault, await runCell(one, step, fault).finally(kept.close))
    })
})

it('docs/rotation-faults.md says what was seen', () => expectInPage('dynamic', cells.table('A dynamic role')))
