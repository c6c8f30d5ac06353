import { databaseWorld } from '../support/database-world.ts'
import { sharedStack } from '../support/stack.ts'
import { storeContract } from './store-contract.ts'

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
      refused: world.open({ single, auth: await world.powerless() }),
      missingPath: 'database/static-roles/',
      close: world.close,
    }
  },
})
