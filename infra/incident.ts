import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { stopIdleTimers } from '../services/ledger/kafkajs-idle-timers.ts'
import { openIncident } from './incident/open-incident.ts'
import { apiPort } from './start/api-port.ts'
import { closing } from './start/closing.ts'
import { endChildren } from './start/end-children.ts'
import { readStartEnvironment } from './start/environment.ts'
import { isInterrupted, startFailureOf } from './start/failure.ts'
import { interruption } from './start/interruption.ts'
import { refuseSecondStart } from './start/one-at-a-time.ts'
import { makeRunFolder, removeRunFolder } from './start/run-folder.ts'
import { say } from './start/say.ts'

/** `npm run incident`: something to practise on. docs/incident.md shows how it was solved. Until Ctrl-C. */
const processes = [['ledger'], ['intake'], ['work'], ['api']]

const life = closing()
const forced: (() => void)[] = []
const interrupted = interruption(() => {
  for (const end of forced) end()
})

const run = async (): Promise<void> => {
  const { stateDir, apiDir } = readStartEnvironment()
  await refuseSecondStart(apiDir)
  const folder = makeRunFolder()
  life.onClose(() => removeRunFolder(folder))
  life.onClose(endChildren)
  const onForce = (end: () => void) => void forced.push(end)
  const keysDir = join(stateDir, 'keys')
  const port = await apiPort()
  const parts = { life, interrupted, onForce, processes, folder, keysDir, apiDir, apiPort: port }
  const incident = await interrupted.during(openIncident(parts))
  process.on('SIGUSR1', () => {
    incident.mendConfig()
    say('the config is mended, and every process starts again with it')
  })
  process.on('SIGUSR2', () => {
    incident.storeReturns().then(
      () => say('the key product answers again'),
      error => say(String(error)),
    )
  })
  say(`
It is 3 a.m. INC-2231: the agent rogue-bot does what nobody asked it to. In a second terminal, in this folder:
    npx curfew status
The second person is at hand:      CURFEW_URL=http://127.0.0.1:${port} CURFEW_TOKEN=${incident.approverToken} npx curfew approve <plan>
The release team mends its config: kill -USR1 ${process.pid}
The vendor's key product returns:  kill -USR2 ${process.pid}
The signed receipts are in:        ${incident.auditDir}
How it was solved: docs/incident.md`)
  await interrupted.during(new Promise<never>(() => undefined))
}

stopIdleTimers()
const exitCode = await run().then(
  () => 0,
  error => {
    const { message, exitCode } = startFailureOf(error)
    if (message !== '') say(message)
    return isInterrupted(error) ? 0 : exitCode
  },
)
await Promise.race([life.close(), sleep(60_000)])
process.exit(exitCode)
