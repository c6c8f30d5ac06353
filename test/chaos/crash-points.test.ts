import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { crashPoints } from '../../services/pipeline/crash-points.ts'
import { credentialId } from '../../services/pipeline/ids.ts'
import { expectAlive } from '../support/expect-dead.ts'
import { endSession, expectAllDead, foldedReceipts, openSessions } from '../support/load.ts'
import { until } from '../support/until.ts'
import { startWorld } from '../support/world.ts'

const dir = mkdtempSync(join(tmpdir(), 'curfew-crash-'))
afterAll(() => rmSync(dir, { recursive: true, force: true }))

describe('kill -9 at a crash point changes nothing', () => {
  it.each(crashPoints)('%s', async point => {
    const died = join(dir, point)
    const world = await startWorld({ env: { CURFEW_CRASH_AT: `${point}:${died}` } })
    try {
      const control = await openSessions(world, 1)
      const doomed = await openSessions(world, 4)
      for (const one of doomed) await endSession(world, one)
      await expectAllDead(world, doomed)
      expect(existsSync(died), 'a process died at the point').toBe(true)
      for (const watched of control.flatMap(one => one.held)) await expectAlive(watched)
      const expected = doomed
        .flatMap(one => one.held)
        .map(({ credential }) => `${credentialId('vault-local', credential.grant.handle)}~0`)
        .sort()
      await until('the receipts are folded', async () => (await foldedReceipts(world)).length >= expected.length)
      expect(await foldedReceipts(world), 'each receipt exists once').toEqual(expected)
    } finally {
      await world.close()
    }
  })
})
