import { clientsWorld } from '../support/clients-world.ts'
import { reserved } from '../support/dynamic-world.ts'
import { sharedStack } from '../support/stack.ts'
import { storeContract } from './store-contract.ts'

storeContract({
  name: 'OAuth clients',
  make: async () => {
    const world = await clientsWorld((await sharedStack()).addresses)
    const store = world.open()
    const { note = '' } = await reserved(store, 'nobody.1')
    const badToken = (value: string) => value.replace('"token":"', '"token":"not-')
    const elsewhere = (value: string) => value.replace(/127\.0\.0\.1:\d+/, '127.0.0.1:9')
    let attempts = 0
    return {
      store,
      issue: async () => {
        attempts += 1
        const made = await reserved(store, `contract.${attempts}`)
        const client = await made.fill()
        if ('problem' in client) throw new Error(client.problem.detail)
        const { handle, value } = client
        const opens = () => world.accepts({ client_id: handle, client_secret: value })
        return { credential: world.credential(handle, made.note, value), value, opens }
      },
      unknown: world.credential('nobody-registered-this', badToken(note), 'nobody-issued-this-one'),
      unreachable: world.open({ issuer: 'http://127.0.0.1:9' }, elsewhere),
      refused: world.open({}, badToken),
      missingPath: 'registration access token',
      close: world.close,
    }
  },
})
