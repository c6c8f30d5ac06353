import { startKeyProduct } from '../../infra/sample/key-product.ts'
import { keyStores } from '../support/key-stores.ts'
import { sharedStack } from '../support/stack.ts'
import { storeContract } from './store-contract.ts'

for (const [name, door] of [
  ['Keys of better-auth, by its preset', false],
  ['Keys of better-auth, used at an MCP server as well', true],
] as const)
  storeContract({
    name,
    make: async () => {
      const product = await startKeyProduct()
      const stores = keyStores((await sharedStack()).addresses.redisUrl, 'mcp-keys')
      const { address, mcpUrl, account } = product
      // This product has no limits: what a preset's do is tested with one that has.
      const plenty = { calls: 1_000, perSeconds: 1 }
      const quick = { login: plenty, api: plenty, door: plenty }
      const named = { preset: 'better-auth', address, budgets: quick }
      const config = stores.config(account, { ...named, ...(door ? { door: mcpUrl } : {}) })
      return {
        store: stores.open(config),
        issue: async () => {
          const { grant, values } = await product.issueKey()
          const [value = ''] = values
          return {
            credential: door ? stores.sealed(grant.handle, value) : { kind: 'api.key', handle: grant.handle },
            value,
            opens: () => product.opens(value),
          }
        },
        unknown: { kind: 'api.key', handle: 'nobody-issued-this' },
        unreachable: stores.open({ ...config, address: 'http://127.0.0.1:9' }),
        refused: stores.open(stores.config({ ...account, password: 'another one' }, named)),
        missingPath: '/api/auth/sign-in/email',
        close: async () => {
          await stores.close()
          await product.close()
        },
      }
    },
  })
