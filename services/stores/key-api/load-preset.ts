import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Preset, preset as presetSchema } from '../../../schemas/preset.ts'
import { checkedYaml } from '../../pipeline/checked-yaml.ts'
import { presetProblems } from './preset-names.ts'

const shipped = join(import.meta.dirname, 'presets')
export const shippedPresets = (): string[] =>
  readdirSync(shipped)
    .filter(file => file.endsWith('.yaml'))
    .map(file => file.slice(0, -'.yaml'.length))
    .sort()

/** A preset by its name, or by the path of its file. Throws an Error whose message names each line that is wrong. */
export const loadPreset = (named: { preset?: string | undefined; presetFile?: string | undefined }): Preset => {
  const file = named.presetFile ?? join(shipped, `${named.preset}.yaml`)
  if (named.preset !== undefined && !shippedPresets().includes(named.preset))
    throw new Error(
      `no preset "${named.preset}"; there are ${shippedPresets().join(', ')}, or name a file with presetFile`,
    )
  if (!existsSync(file)) throw new Error(`there is no preset at ${file}`)
  return parsePreset(readFileSync(file, 'utf8'), named.preset ?? file)
}

export const parsePreset = (yaml: string, name: string): Preset =>
  checkedYaml(yaml, { name, what: 'preset', schema: presetSchema, problemsOf: presetProblems })
