import { type DoorConfig, door as doorSchema, mcpDoor } from '../../../schemas/door.ts'
import type { Preset } from '../../../schemas/preset.ts'
import type { KeyApiStoreConfig } from '../../../schemas/store-key-api.ts'
import type { Lane } from '../../pipeline/ports.ts'
import { type DoorAnswer, openDoor } from '../door.ts'
import type { Metered } from '../metered.ts'
import { meteredDoor } from '../metered-door.ts'
import { requireSafe } from '../safe-url.ts'

export type KeyDoor = { use(value: string, lane: Lane): Promise<DoorAnswer>; close(): Promise<void> }

/** Undefined: the store's config names no door. */
export const keyDoor = (
  config: KeyApiStoreConfig,
  preset: Preset,
  meteredFor: (url: string) => Metered<string>,
): KeyDoor | undefined => {
  const described = doorOf(config, preset)
  if (!described) return undefined
  requireSafe(described.url)
  const door = openDoor(described, config.timeoutMs, config.caFile)
  return { use: meteredDoor(door, meteredFor(described.url), 'door'), close: door.close }
}

const doorOf = ({ id, door: url }: KeyApiStoreConfig, { door }: Preset): DoorConfig | undefined => {
  if (url === undefined || typeof url === 'object') return url
  if (!door) throw new Error(`stores.${id}.door: the preset describes no door: describe it here instead of its URL`)
  const { mcp, method, headers, json, accepted, refused } = door
  const given = Object.fromEntries(
    Object.entries({ headers, accepted, refused }).filter(([, value]) => value !== undefined),
  )
  return mcp ? mcpDoor(url, given) : doorSchema.parse({ url, method, json, ...given })
}
