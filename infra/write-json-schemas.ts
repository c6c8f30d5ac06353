import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { jsonSchemas } from '../schemas/json-schemas.ts'

/** `npm run schemas`: writes schemas/json from the definitions. A test says whether they are current. */
const dir = join(import.meta.dirname, '..', 'schemas', 'json')
mkdirSync(dir, { recursive: true })
for (const [name, schema] of Object.entries(jsonSchemas())) writeFileSync(join(dir, `${name}.schema.json`), schema)
