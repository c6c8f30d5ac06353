import { afterAll, beforeAll, expect, it } from 'vitest'
import { type KeyProduct, startKeyProduct } from '../../infra/sample/key-product.ts'
import type { Store } from '../../services/pipeline/ports.ts'
import { keyStores } from '../support/key-stores.ts'
import { sharedStack } from '../support/stack.ts'

let product: KeyProduct
let stores: ReturnType<typeof keyStores>
let store: Store
beforeAll(async () => {
  product = await startKeyProduct()
  stores = keyStores((await sharedStack()).addresses.redisUrl, 'mcp-keys')
  const plenty = { calls: 1_000, perSeconds: 1 }
  const budgets = { login: plenty, api: plenty, door: plenty }
  store = stores.open(stores.config(product.account, { preset: 'better-auth', address: product.address, budgets }))
})
afterAll(async () => {
  await stores?.close()
  await product?.close()
})

// better-auth takes 32 characters, the name of an attempt has 38 and more.
it('each attempt of a rotation finds its own key by its name, and no other, although the product takes shorter names only', async () => {
  const rotation = crypto.randomUUID()
  const handles = new Map<string, string>()
  for (const attempt of [1, 2, 9, 10, 11, 100]) {
    const name = `${rotation}.${attempt}`
    expect(await store.named?.(name)).toEqual([])
    const issued = await store.issue?.({ name, lifeMs: 86_400_000 })
    if (!issued || 'problem' in issued) throw new Error(`not issued: ${JSON.stringify(issued)}`)
    handles.set(name, issued.handle)
  }
  for (const [name, handle] of handles) expect(await store.named?.(name)).toEqual([handle])
  const [name = '', handle = ''] = [...handles][0] ?? []
  await store.revoke({ kind: 'api.key', handle }, 'kill')
  expect(await store.named?.(name), 'what was revoked is not found').toEqual([])
})
