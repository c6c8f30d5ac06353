import { describe, expect, it } from 'vitest'
import { vaultDatabaseStoreConfig } from '../../schemas/store-vault-database.ts'
import { loginAnswer } from '../../services/stores/vault-database/login.ts'
import { handleOf, parkedRole, partsOf } from '../../services/stores/vault-database/roles.ts'

const refusedWith = (fields: object) => loginAnswer(Object.assign(new Error('as PostgreSQL says it'), fields))

describe('what PostgreSQL says of a login', () => {
  it('a wrong password, and a user that may not log in or is not there, are refusals', () => {
    expect(refusedWith({ code: '28P01' })).toEqual({ state: 'refused' })
    expect(refusedWith({ code: '28000', routine: 'InitializeSessionUserId' })).toEqual({ state: 'refused' })
  })

  it('a host that pg_hba.conf does not let in says nothing of the password', () => {
    const said = refusedWith({ code: '28000', routine: 'ClientAuthentication' })
    expect(said).toMatchObject({ state: 'unknown', problem: { code: 'permission' } })
  })

  it.each(['53300', '3D000', '57P03', '42501', '08P01', 'ECONNREFUSED', ''])('%s says nothing', code => {
    expect(refusedWith({ code })).toMatchObject({ state: 'unknown' })
  })

  it('what is said of it has no text of the server', () => {
    expect(JSON.stringify(refusedWith({ code: '53300' }))).not.toContain('as PostgreSQL says it')
  })
})

describe('names', () => {
  it('a handle is its role and its rotation', () => {
    const handle = handleOf('rotated-a', '2026-11-25T22:15:10.267231029Z')
    expect(partsOf(handle)).toEqual({ role: 'rotated-a', rotation: '2026-11-25T22:15:10.267231029Z' })
    expect(partsOf('no role')).toEqual({ role: '', rotation: '' })
  })

  it('the parked role is the other one of the same pair', () => {
    const roles = { alternating: [['a', 'b'] as [string, string], ['c', 'd'] as [string, string]], single: ['e'] }
    expect(parkedRole(roles, { handle: 'c@1' })).toEqual({ inUse: 'c', parked: 'd' })
    expect(parkedRole(roles, { handle: 'b@1' })).toEqual({ inUse: 'b', parked: 'a' })
    for (const handle of ['e@1', 'secret-id@1', undefined])
      expect(parkedRole(roles, { handle })).toMatchObject({ problem: { code: 'protocol' } })
  })
})

describe('its config', () => {
  const base = {
    id: 'db',
    kind: 'vault-database',
    address: 'https://vault.example',
    auth: { roleId: 'r', secretIdFile: 's' },
    postgres: { host: 'db.example', database: 'app' },
  }
  it('needs a role, and names none twice', () => {
    expect(vaultDatabaseStoreConfig.safeParse({ ...base, single: ['a'] }).success).toBe(true)
    expect(vaultDatabaseStoreConfig.safeParse(base).success).toBe(false)
    expect(vaultDatabaseStoreConfig.safeParse({ ...base, alternating: [['a', 'b']], single: ['a'] }).success).toBe(
      false,
    )
    expect(vaultDatabaseStoreConfig.safeParse({ ...base, alternating: [['a', 'a']] }).success).toBe(false)
    expect(vaultDatabaseStoreConfig.safeParse({ ...base, single: ['a@b'] }).success).toBe(false)
  })
})
