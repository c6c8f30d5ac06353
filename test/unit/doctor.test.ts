import { describe, expect, it } from 'vitest'
import type { DoctorLine } from '../../schemas/http-doctor.ts'
import { examineStore } from '../../services/pipeline/examine-store.ts'
import type { ProbeResult } from '../../services/pipeline/ports.ts'
import { vaultDoctor } from '../../services/stores/vault/doctor.ts'
import { apiWorld } from '../support/api-world.ts'
import { cli } from '../support/cli-world.ts'
import { fakeWork } from '../support/fake-work.ts'

const vault = (capabilities: Record<string, string[]>, target: ProbeResult = { state: 'dead', evidence: 'target' }) =>
  vaultDoctor({
    call: (_, { json }) => {
      const paths = json?.paths as string[]
      const data = Object.fromEntries(paths.map(path => [path, capabilities[path] ?? ['update']]))
      return Promise.resolve({ status: 200, body: { data } })
    },
    targets: [{ leasePrefix: 'database/creds/', probe: () => Promise.resolve(target) }],
    appRoleMount: 'approle',
  })()

describe('doctor', () => {
  it('names the missing path of a Vault login and the exact policy line that grants it', async () => {
    const lines = await vault({ 'sys/leases/revoke': ['deny'] })
    expect(lines.filter(one => one.state !== 'ok')).toEqual([
      {
        check: 'revoke a lease',
        state: 'missing',
        says: 'the login may not update sys/leases/revoke (it may: deny)',
        grant: 'path "sys/leases/revoke" { capabilities = ["update"] }',
      },
    ])
  })

  it('a database that refuses the probe login is missing, one that is down cannot be told', async () => {
    const look = async (code: 'permission' | 'unreachable') =>
      (await vault({}, { state: 'unknown', problem: { code, detail: 'PostgreSQL' } })).at(-1)?.state
    expect([await look('permission'), await look('unreachable')]).toEqual(['missing', 'cannot_tell'])
  })

  it('of any store it looks at a made-up credential, takes no step, and says what only an act proves', async () => {
    const work = fakeWork([], { probes: [{ state: 'dead', evidence: 'target' }] })
    const store = work.parts.stores.get('vault-local')
    if (!store) throw new Error('no store')
    const parts = { seal: () => ({ id: 'x', blob: 'b' }), random: () => 'r' }
    const lines = await examineStore(parts, { ...store, revoke: () => Promise.reject(new Error('a step')) }, [
      'api.key',
    ])
    expect(lines.map(one => one.state)).toEqual(['ok', 'cannot_tell'])
    expect(lines[1]?.says).toContain('curfew store test vault-local')
  })

  it('curfew doctor: exit 1 where a right is missing, with the line to copy', async () => {
    const grant = 'path "sys/leases/revoke" { capabilities = ["update"] }'
    const lines: DoctorLine[] = [
      { about: 'vault-a', check: 'revoke a lease', state: 'missing', says: 'may not', grant },
    ]
    const { call } = apiWorld({ parts: { examine: store => Promise.resolve(store === 'vault-a' ? lines : []) } })
    const json = (await call('GET', '/v1/doctor?store=vault-a', { token: 'local' })).json()
    expect((await call('GET', '/v1/doctor?store=typo', { token: 'local' })).statusCode).toBe(404)
    const { out, exitCode } = await cli(['doctor', 'vault-a'], { answers: { 'GET /v1/doctor': { json } } })
    expect(exitCode).toBe(1)
    expect(out).toContain(`MISSING      revoke a lease`)
    expect(out).toContain(`add: ${grant}`)
  })
})
