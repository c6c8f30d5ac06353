import type { Play } from '../sample/play.ts'
import type { Ending } from './ending-of.ts'
import { type Percentiles, percentiles } from './percentiles.ts'

export type Counts = {
  grants: number
  /** Seen accepted by the prober; like the next one, of those that can be revoked. */
  acceptedBefore: number
  refusedAfter: number
  impossible: number
  aliveNow: number
  /** Due -> first refusal after the last acceptance, by the receipts. */
  lagMs: Percentiles | undefined
}
export type ScenarioReport = {
  name: string
  expected: string
  asExpected: boolean
  error?: string
  credentials: CredentialReport[]
}
export type CredentialReport = {
  credential: string
  store: string
  state: string
  outcome?: string
  cause?: string
  lagMs?: number
  proof?: string
  exposedUntil?: string
}
export type Report = Counts & { stores: Record<string, Counts>; scenarios: ScenarioReport[] }
export type PlayedScenario = { play: Play; endings: Ending[] }

/** What the prober and the receipts say of one run of the sample. Pure. */
export const reportOf = (played: PlayedScenario[]): Report => {
  const endings = played.flatMap(one => one.endings)
  const byStore = Object.groupBy(endings, ({ holding }) => holding.store)
  return {
    ...countsOf(endings),
    stores: Object.fromEntries(Object.entries(byStore).map(([store, of]) => [store, countsOf(of ?? [])])),
    scenarios: played.map(scenarioReport),
  }
}

const countsOf = (endings: Ending[]): Counts => {
  const revocable = endings.filter(one => one.state !== 'impossible')
  const watched = revocable.map(one => one.holding.watched)
  return {
    grants: endings.length,
    acceptedBefore: watched.filter(one => one.acceptedFirst !== undefined).length,
    refusedAfter: watched.filter(one => one.acceptedFirst !== undefined && one.refusedFirst !== undefined).length,
    impossible: endings.length - revocable.length,
    aliveNow: watched.filter(one => one.refusedFirst === undefined).length,
    lagMs: percentiles(revocable.flatMap(one => one.lagMs ?? [])),
  }
}

const scenarioReport = ({ play: { scenario, error }, endings }: PlayedScenario): ScenarioReport => {
  const { outcome, cause } = scenario.expected
  const ended = endings.length > 0 && endings.every(one => one.state === 'dead' || one.state === 'impossible')
  return {
    name: scenario.name,
    expected: outcome === 'verified' ? cause : outcome,
    asExpected: ended && error === undefined,
    ...(error === undefined ? {} : { error }),
    credentials: endings.map(credentialReport),
  }
}

const credentialReport = ({ holding, receipt, state, lagMs }: Ending): CredentialReport => ({
  credential: holding.name,
  store: holding.store,
  state,
  ...(receipt === undefined ? {} : { outcome: receipt.outcome, cause: receipt.cause }),
  ...(lagMs === undefined ? {} : { lagMs }),
  ...(holding.watched.proof === undefined ? {} : { proof: holding.watched.proof }),
  ...(receipt?.exposedUntil === undefined ? {} : { exposedUntil: new Date(receipt.exposedUntil).toISOString() }),
})

/** One line for each thing that is not as it should be; none: the promise was kept. */
export const problemsOf = (report: Report): string[] => {
  const { grants, impossible, acceptedBefore, refusedAfter, aliveNow } = report
  const revocable = grants - impossible
  const problems = report.scenarios.filter(one => !one.asExpected).map(scenarioProblem)
  if (acceptedBefore !== revocable) problems.push(`${revocable - acceptedBefore} were never seen accepted`)
  if (refusedAfter !== revocable) problems.push(`${revocable - refusedAfter} were not seen refused`)
  if (aliveNow > 0) problems.push(`${aliveNow} still open their door`)
  return problems
}

export const sentenceOf = (report: Report): string => {
  const { grants, acceptedBefore, refusedAfter, impossible, aliveNow, lagMs } = report
  const lag = lagMs ? ` Due to dead: p50 ${lagMs.p50} ms, p99 ${lagMs.p99} ms, max ${lagMs.max} ms.` : ''
  return (
    `${problemsOf(report).length === 0 ? 'WELL' : 'NOT WELL'}  ${grants} grants: ${acceptedBefore} accepted before, ` +
    `${refusedAfter} refused after, ${impossible} impossible, ${aliveNow} alive now.${lag}`
  )
}

const scenarioProblem = ({ name, expected, error, credentials }: ScenarioReport): string => {
  const wrong = credentials.filter(one => one.state !== 'dead' && one.state !== 'impossible')
  const told = wrong.map(({ credential, state, cause = 'no receipt' }) => `${credential} is ${state} (${cause})`)
  return `"${name}" did not end as ${expected}: ${[...(error === undefined ? [] : [error]), ...told].join('; ')}`
}
