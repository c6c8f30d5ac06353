import { setUpPrometheus } from './stack/install-prometheus.ts'
import { failureOf } from './stack/stack-failure.ts'

/** `npm run setup:prometheus`: what the tests of metrics, alerts and the scrape need. Without it they are skipped, and say so. */
try {
  const { prometheus, promtool } = await setUpPrometheus(line => process.stderr.write(`${line}\n`))
  process.stdout.write(`${prometheus}\n${promtool}\n`)
} catch (error) {
  const failure = failureOf(error)
  process.stderr.write(`${failure.message}\n`)
  process.exitCode = failure.exitCode
}
