import { spawnSync } from 'node:child_process'
import { findPrometheus } from '../../infra/stack/install-prometheus.ts'

const found = findPrometheus()
/** Why a test that needs Prometheus is skipped; its name says so. */
export const withoutPrometheus = found
  ? undefined
  : 'SKIPPED: promtool is not here, run `npm run setup:prometheus` (Debian) or put it on the PATH'

export const prometheusCommand = (): string => found?.prometheus ?? ''

/** One run of promtool, to its end. */
export const promtool = (args: string[], input?: string): { status: number | null; output: string } => {
  const ran = spawnSync(found?.promtool ?? '', args, { encoding: 'utf8', ...(input === undefined ? {} : { input }) })
  return { status: ran.status, output: `${ran.stdout}${ran.stderr}` }
}
