import { dynamicWorld, issued } from '../support/dynamic-world.ts'
import { sharedStack } from '../support/stack.ts'
import { storeContract } from './store-contract.ts'

storeContract({
  name: 'logins of a dynamic role',
  make: async () => {
    const world = await dynamicWorld((await sharedStack()).addresses)
    const role = await world.role()
    const store = world.open(role)
    let attempts = 0
    return {
      store,
      issue: async () => {
        attempts += 1
        const { handle, value, fields, target } = await issued(store, `${Date.now().toString(16)}.${attempts}`)
        const opens = () => world.opens(fields?.username ?? '', value)
        return { credential: world.credential(handle, value, target), value, opens }
      },
      unknown: world.credential('token-nobody-1@nobody-issued-this', 'nobody-issued-this-one'),
      unreachable: world.open(role, {
        address: 'https://127.0.0.1:9',
        postgres: { ...world.base.postgres, port: 9 },
      }),
      refused: world.open(role, { auth: await world.powerless() }),
      missingPath: 'sys/leases/revoke',
      close: world.close,
    }
  },
})
