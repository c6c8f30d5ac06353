import { parseArgs } from 'node:util'
import { loadConfig } from '../services/runtime/load-config.ts'
import { createTopics } from './topics.ts'

/** `npm run topics -- --config curfew.yaml`: makes the topics that a config names, where they are missing. */
const { values } = parseArgs({ options: { config: { type: 'string', default: 'curfew.yaml' } } })
try {
  await createTopics(loadConfig(values.config).kafka)
  process.stdout.write('the topics are there\n')
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
  process.exit(1)
}
