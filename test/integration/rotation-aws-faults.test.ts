import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, it } from 'vitest'
import { awsKeptSecret, sampleAwsKeeper } from '../../infra/sample/aws-kept-secret.ts'
import { secretConfig } from '../../schemas/secrets.ts'
import type { Store } from '../../services/pipeline/ports.ts'
import { faults } from '../support/faulty-stores.ts'
import { type RotatedKeys, rotatedKeys } from '../support/rotated-keys-world.ts'
import { type CellSubject, expectInPage, runCell, type Step, seenCells } from '../support/rotation-cells.ts'
import { sharedStack } from '../support/stack.ts'

/** Each step at the keeper, each fault at it, with Secrets Manager (the emulator) as keeper and a real key product as issuer. */
const steps: Step[] = [
  { at: 'keeper.read', nth: 1, called: 'look at the keeper' },
  { at: 'issuer.issue', nth: 1, called: 'issue' },
  { at: 'keeper.stage', nth: 1, called: 'stage' },
  { at: 'issuer.use', nth: 1, called: 'try the new value' },
  { at: 'keeper.promote', nth: 1, called: 'promote' },
  { at: 'issuer.revoke', nth: 1, called: 'revoke the old one' },
  { at: 'keeper.retire', nth: 1, called: 'close old versions' },
]
const cells = seenCells(steps)
let keys: RotatedKeys
let keeper: Store
beforeAll(async () => {
  keys = await rotatedKeys()
  keeper = keys.open(sampleAwsKeeper((await sharedStack()).addresses, keys.folder))
})
afterAll(() => keys?.close())

const subject = async (): Promise<CellSubject> => {
  const { grant, values } = await keys.keys.issueKey()
  const first = { value: values[0] ?? '', handle: grant.handle }
  const kept = await awsKeptSecret((await sharedStack()).addresses, `rotated/${randomUUID()}`, first)
  const labelled = async (label: string) =>
    Object.entries(await kept.labels())
      .filter(([, labels]) => labels.includes(label))
      .map(([id]) => id)
  const secret = secretConfig.parse({
    // Its issuer's names are made of it.
    id: `one-${randomUUID().slice(0, 8)}`,
    tenant: 'acme',
    keeper: { store: keeper.id, name: kept.name },
    issuer: { store: keys.keys.store.id, kind: 'api.key' },
    overlapMs: 0,
  })
  return {
    kept: {
      read: kept.read,
      staged: async () => {
        const [current] = await labelled('AWSCURRENT')
        const pending = await labelled('AWSPENDING')
        return pending.some(id => id !== current) ? {} : undefined
      },
      readable: async () => Object.values(await kept.labels()).flatMap((labels, at) => (labels.length > 0 ? [at] : [])),
    },
    issuer: keys.keys.store,
    keeper,
    sealing: keys.seals,
    secret,
    accepts: ({ value = '' }) => keys.keys.opens(value),
  }
}

describe('Secrets Manager: whatever breaks at whatever step, consumers never read a key that does not work', () => {
  for (const step of steps)
    it.concurrent.each(faults)(`${step.called}: %s`, async fault => {
      cells.saw(step, fault, await runCell(await subject(), step, fault))
    })
})

it('docs/rotation-faults.md says what was seen', () => expectInPage('aws', cells.table('A key in AWS Secrets Manager')))
