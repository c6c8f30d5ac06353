import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Mapping, mapping as mappingSchema } from '../../../schemas/mapping.ts'
import { checkedYaml } from '../../pipeline/checked-yaml.ts'
import { mappingProblems } from './mapping-problems.ts'

const shipped = join(import.meta.dirname, 'presets')
export const shippedMappings = (): string[] =>
  readdirSync(shipped)
    .filter(file => file.endsWith('.yaml'))
    .map(file => file.slice(0, -'.yaml'.length))
    .sort()

/** A mapping by its name, or by the path of its file. Throws an Error whose message names each line that is wrong. */
export const loadMapping = (named: { preset: string } | { presetFile: string }): Mapping => {
  if ('preset' in named && !shippedMappings().includes(named.preset))
    throw new Error(
      `no mapping "${named.preset}"; there are ${shippedMappings().join(', ')}, or name a file with presetFile`,
    )
  const file = 'preset' in named ? join(shipped, `${named.preset}.yaml`) : named.presetFile
  if (!existsSync(file)) throw new Error(`there is no mapping at ${file}`)
  return parseMapping(readFileSync(file, 'utf8'), 'preset' in named ? named.preset : file)
}

export const parseMapping = (yaml: string, name: string): Mapping =>
  checkedYaml(yaml, { name, what: 'mapping', schema: mappingSchema, problemsOf: mappingProblems })
