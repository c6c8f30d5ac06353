import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { dashboard } from './grafana/dashboard.ts'

/** `npm run grafana`: what Grafana reads, from what is written and typed in infra/grafana/dashboard.ts. */
const file = join(import.meta.dirname, 'grafana', 'dashboards', 'rotation-lag.json')
writeFileSync(file, `${JSON.stringify(dashboard, undefined, 2)}\n`)
