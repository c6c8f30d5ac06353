import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import type { Preset } from '../../../schemas/preset.ts'
import type { KeyApiStoreConfig } from '../../../schemas/store-key-api.ts'
import { requireSafe } from '../safe-url.ts'
import { type Names, namesIn } from '../template.ts'

/** One instance of a product: its preset, its address, and what the store's config fills in. */
export type Product = {
  id: string
  preset: Preset
  /** Without a slash at its end. */
  address: string
  /** Parameters, secrets and the address. A secret's file is read each time: a rotated one is used from then on. */
  names: Names
  /** Whose eyes Curfew looks with: "there is no such key" counts only from who once saw it. */
  actsAs: string
  /** A short hash of all that the login depends on but its secrets. */
  scope: string
}

export const openProduct = (config: KeyApiStoreConfig, preset: Preset): Product => {
  const url = requireSafe(config.address)
  requireNamed(config, 'parameter', Object.keys(preset.parameters), Object.keys(config.parameters))
  requireNamed(config, 'secret', Object.keys(preset.secrets), Object.keys(config.secrets))
  const own = loginParameters(preset)
    .flatMap(name => config.parameters[name] ?? [])
    .join(' ')
  const actsAs = (config.actsAs ?? (own === '' ? 'its login' : own)).slice(0, 64)
  return {
    id: config.id,
    preset,
    address: config.address.replace(/\/+$/, ''),
    actsAs,
    scope: createHash('sha256')
      .update(JSON.stringify([config.address, actsAs, config.parameters, preset.login?.request]))
      .digest('hex')
      .slice(0, 16),
    names: name => {
      const [kind = '', key = ''] = name.split(/\.(.*)/s)
      if (name === 'address') return url.origin
      if (kind === 'parameters') return config.parameters[key]
      const file = kind === 'secrets' ? config.secrets[key]?.file : undefined
      return file === undefined ? undefined : readFileSync(file, 'utf8').trim()
    },
  }
}

/** Of the parameters those that make up the login: with another one, other eyes look. */
const loginParameters = ({ login, headers, basic }: Preset): string[] =>
  [...new Set(namesIn([login?.request, headers, basic]))].flatMap(name =>
    name.startsWith('parameters.') ? [name.slice('parameters.'.length)] : [],
  )

const requireNamed = ({ id }: KeyApiStoreConfig, what: string, wanted: string[], given: string[]) => {
  const missing = wanted.filter(name => !given.includes(name))
  const extra = given.filter(name => !wanted.includes(name))
  if (missing.length > 0) throw new Error(`stores.${id}: the preset needs the ${what} ${missing.join(', ')}`)
  if (extra.length > 0) throw new Error(`stores.${id}: the preset has no ${what} ${extra.join(', ')}`)
}
