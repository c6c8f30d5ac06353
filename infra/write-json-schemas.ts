import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { jsonSchemas } from '../schemas/json-schemas.ts'
import { asyncApiYaml } from './asyncapi-yaml.ts'
import { openApiYaml } from './openapi-yaml.ts'

/** `npm run schemas`: writes schemas/json and docs/contract from the definitions. Tests say whether they are current. */
const root = join(import.meta.dirname, '..')
const write = (folder: string, name: string, text: string) => {
  mkdirSync(join(root, folder), { recursive: true })
  writeFileSync(join(root, folder, name), text)
}
for (const [name, schema] of Object.entries(jsonSchemas())) write('schemas/json', `${name}.schema.json`, schema)
write('docs/contract', 'asyncapi.yaml', asyncApiYaml())
write('docs/contract', 'openapi.yaml', openApiYaml())
