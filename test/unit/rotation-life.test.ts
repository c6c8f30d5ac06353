import { expect, it } from 'vitest'
import { secretConfig } from '../../schemas/secrets.ts'

const hour = 3_600_000
const withLife = (more: object, kind = 'database.login') =>
  secretConfig.safeParse({
    id: 'one',
    tenant: 'acme',
    keeper: { store: 'vault-kv', name: 'rotated/one' },
    issuer: { store: 'logins', kind, lifeMs: 24 * hour },
    overlapMs: 0,
    ...more,
  })

it('a dynamic login whose lease would end before the next rotation is refused in the registry', () => {
  expect(withLife({ maxAgeMs: 12 * hour }).success).toBe(true)
  const late = withLife({ maxAgeMs: 12 * hour, overlapMs: 1 })
  expect(late.error?.issues[0]).toMatchObject({ path: ['maxAgeMs'], message: expect.stringMatching(/half of lifeMs/) })
  expect(withLife({ schedule: '0 * * * *' }).success, 'a schedule alone can be missed').toBe(false)
  expect(withLife({}, 'api.key').success, 'what does not end with a lease').toBe(true)
})
