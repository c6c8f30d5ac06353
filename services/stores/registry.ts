import type { StoreConfig } from '../../schemas/config.ts'
import type { Issuer } from '../pipeline/ports.ts'
import { type StoreParts, vaultStore } from './vault/vault-store.ts'

type Factories = {
  [K in StoreConfig['kind']]: (config: Extract<StoreConfig, { kind: K }>, parts: StoreParts) => Issuer
}

/** One line per kind of store. */
const factories: Factories = {
  vault: vaultStore,
}

export const openStore = (config: StoreConfig, parts: StoreParts): Issuer => factories[config.kind](config, parts)
