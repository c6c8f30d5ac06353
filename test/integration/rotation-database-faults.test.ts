import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, it } from 'vitest'
import { type KeptSecret, keptSecret } from '../../infra/sample/kept-secret.ts'
import { secretConfig } from '../../schemas/secrets.ts'
import type { Store } from '../../services/pipeline/ports.ts'
import { type DatabaseWorld, databaseWorld } from '../support/database-world.ts'
import { faults } from '../support/faulty-stores.ts'
import { type CellSubject, expectInPage, runCell, seenCells, stepsWithout } from '../support/rotation-cells.ts'
import { sharedStack } from '../support/stack.ts'

/** Each step of a rotation of two alternating users, each fault at it, with a real Vault and a real PostgreSQL. */
const steps = stepsWithout('issuer.named', 'issuer.reserve', 'issuer.install')
const cells = seenCells(steps)
let world: DatabaseWorld
let keeper: Store
beforeAll(async () => {
  world = await databaseWorld((await sharedStack()).addresses)
  keeper = world.keeper()
})
afterAll(() => world?.close())

const pair = async (): Promise<CellSubject & { kept: KeptSecret }> => {
  const [a, b] = [await world.role(), await world.role()]
  const kept = await keptSecret((await sharedStack()).addresses, `rotated/${randomUUID()}`)
  const { username, password } = await world.creds(a)
  await kept.write({ username, password })
  const issuer = world.open({ alternating: [[a, b]] })
  const secret = secretConfig.parse({
    id: 'one',
    tenant: 'acme',
    keeper: { store: 'vault-kv', name: kept.name, fields: { value: 'password' } },
    issuer: { store: issuer.id, kind: 'database.password', firstHandle: `${a}@first`, lifeMs: 86_400_000 },
    overlapMs: 0,
  })
  const accepts = (data: Record<string, string>) => world.opens(data.username ?? '', data.password ?? '')
  return { kept, issuer, keeper, sealing: world.seals, secret, accepts }
}

describe('two alternating users: whatever breaks at whatever step, consumers never read a login that does not work', () => {
  for (const step of steps)
    it.each(faults)(`${step.called}: %s`, async fault => {
      const one = await pair()
      cells.saw(step, fault, await runCell(one, step, fault).finally(() => one.kept.close()))
    })
})

it('docs/rotation-faults.md says what was seen', () =>
  expectInPage('alternating', cells.table('Two static roles that take turns')))
