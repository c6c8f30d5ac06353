import { type DatabaseWorld, databaseWorld } from '../support/database-world.ts'
import { sharedStack } from '../support/stack.ts'
import { storeContract } from './store-contract.ts'

const powerless = async (world: DatabaseWorld, single: string[]) => {
  const at = 'auth/approle/role/curfew-powerless-rotator'
  const policy = 'path "auth/token/lookup-self" { capabilities = ["read"] }'
  await world.admin.call('POST', 'sys/policies/acl/curfew-powerless', { policy })
  await world.admin.call('POST', at, { token_policies: ['curfew-powerless'], token_no_default_policy: true })
  const { role_id } = (await world.admin.call('GET', `${at}/role-id`)).body.data as { role_id: string }
  const { secret_id } = (await world.admin.call('POST', `${at}/secret-id`, {})).body.data as { secret_id: string }
  return world.open({ single, auth: { roleId: role_id, secretIdFile: world.file(secret_id) } })
}

storeContract({
  name: 'passwords of static roles',
  make: async () => {
    const world = await databaseWorld((await sharedStack()).addresses)
    const single = await Promise.all(Array.from({ length: 10 }, () => world.role()))
    const left = [...single]
    return {
      store: world.open({ single, endsSessions: true }),
      issue: async () => {
        const { handle, username, password } = await world.current(left.pop() ?? '')
        const credential = world.credential(handle, password)
        return { credential, value: password, opens: () => world.opens(username, password) }
      },
      unknown: world.credential(`${single[0]}@2026-01-01T00:00:00.000000001Z`, 'nobody-issued-this-one'),
      unreachable: world.open({
        single,
        address: 'https://127.0.0.1:9',
        postgres: { ...world.base.postgres, port: 9 },
      }),
      refused: await powerless(world, single),
      missingPath: 'database/static-roles/',
      close: world.close,
    }
  },
})
