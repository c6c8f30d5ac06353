import type { BreakGlassAct, BreakGlassPlan, ByHand } from '../../../schemas/break-glass.ts'
import { apiState, apiStateFile } from '../../../schemas/http.ts'
import { CliFailure, exitCodes } from '../exit-codes.ts'
import type { Io } from '../io.ts'
import { clock } from '../text/duration.ts'
import { count, cut, plain, wrap } from '../text/plain.ts'

export type BreakGlassOptions = {
  config?: string
  grant?: string[]
  session?: string
  store?: string
  handle?: string
  kind?: string
  target?: string
  reason?: string
  timeout: string
  yes?: boolean
  json?: boolean
}

/** Straight to the stores, without the API and without Kafka: loud, journaled, and told to the ledger afterwards. */
export const breakGlassCommand = async (io: Io, options: BreakGlassOptions): Promise<number> => {
  const wanted = wantedOf(io, options)
  const plan = await io.breakGlass.plan(wanted).catch((error: unknown) => {
    throw new CliFailure(
      exitCodes.cannotTell,
      'not_done',
      `${told(error)}\nNothing was done.\nnext: curfew help revoke`,
    )
  })
  try {
    io.err(bannerText(plan, wanted.reason))
    if (plan.acts.length === 0) return exitCodes.done
    await confirm(io, plan, options.yes === true)
    const results = await plan.run(done => (options.json ? undefined : io.out(doneLine(done))))
    io.out(
      options.json
        ? JSON.stringify({ by: plan.by, journal: plan.journal, results }, undefined, 2)
        : endText(results, wanted.configFile),
    )
    return results.every(one => one.outcome === 'verified') ? exitCodes.done : exitCodes.partly
  } finally {
    await plan.close()
  }
}

/** Tells the ledger what was done by hand. Runs as often as one likes. */
export const reconcileCommand = async (
  io: Io,
  { config, json }: { config?: string; json?: boolean },
): Promise<number> => {
  const done = await io.breakGlass.reconcile(config ?? runningConfig(io)).catch((error: unknown) => {
    throw new CliFailure(
      exitCodes.cannotTell,
      'not_told',
      `The ledger could not be told (${told(error)}). Nothing is lost: the journal stands.\nnext: curfew break-glass reconcile   once Kafka answers`,
    )
  })
  const says = `DONE  ${count(done.told, 'act')} told to the ledger, ${done.before} told before.`
  io.out(
    json
      ? JSON.stringify(done, undefined, 2)
      : `${says}\n      journal ${done.journal}\nnext: curfew receipts   shows their proofs, marked`,
  )
  return exitCodes.done
}

const usage = (what: string) =>
  new CliFailure(
    exitCodes.usage,
    'usage',
    `${what}
next: curfew revoke --break-glass --config <file> --reason "why" --session <id>
      ... --grant <id>
      ... --store <id> --kind <kind> --handle <handle> [--target <name>]`,
  )

const wantedOf = (io: Io, options: BreakGlassOptions) => {
  const { grant = [], session, store, handle, kind, target, reason, timeout } = options
  const ways = [grant.length > 0, session !== undefined, handle !== undefined].filter(Boolean).length
  if (reason === undefined) throw usage('Say why: --reason "..." stands in the record.')
  if (ways !== 1 || grant.length > 1)
    throw usage('Break-glass takes one grant, one session, or one credential by its handle.')
  if (handle !== undefined && (store === undefined || kind === undefined))
    throw usage('A handle is of one store, and of one kind.')
  const named =
    handle !== undefined && store !== undefined && kind !== undefined ? { store, handle, kind, target } : undefined
  const configFile = options.config ?? runningConfig(io)
  return {
    configFile,
    reason: reason.slice(0, 256),
    timeoutMs: Number(timeout) * 1_000,
    grant: grant[0],
    session,
    named,
  }
}

/** The config of the Curfew that ran here last. */
export const runningConfig = (io: Io): string => {
  try {
    const { configFile } = apiState.parse(JSON.parse(io.readFile(apiStateFile(io.env, io.home))))
    if (configFile !== undefined) return configFile
  } catch {
    // No Curfew here.
  }
  throw usage('Which config? No Curfew runs here that could say: add --config <file>.')
}

const told = (error: unknown) => (error instanceof Error ? error.message : 'unknown')
const nameOf = ({ store, kind, handle }: BreakGlassAct) => cut(plain(`${store} ${kind} ${handle}`), 64)

const bannerText = ({ by, journal, acts, warnings }: BreakGlassPlan, reason: string): string =>
  [
    'BREAK-GLASS  straight to the stores: no second person, no cap, no Kafka.',
    wrap(`as ${by}, because: ${reason}`, '  '),
    `  journal ${journal}`,
    wrap('Each act is written there first, and stands marked in the receipts afterwards.', '  '),
    ...warnings.map(warning => wrap(`! ${warning}`, '  ')),
    `  ${count(acts.length, 'credential')}${acts.length === 0 ? ': nothing to do' : ''}`,
    ...acts.slice(0, 20).map(act => `    ${nameOf(act)}`),
    ...(acts.length > 20 ? [`    ... and ${acts.length - 20} more`] : []),
  ].join('\n')

const confirm = async (io: Io, { acts }: BreakGlassPlan, yes: boolean): Promise<void> => {
  if (yes) return
  const wanted = `kill ${acts.length}`
  const typed = await io.ask(`Type "${wanted}" to do it: `)
  if (typed === undefined)
    throw new CliFailure(
      exitCodes.usage,
      'not_confirmed',
      'Nobody sits here to confirm it. Nothing was done.\nnext: add --yes',
    )
  if (typed.trim() !== wanted)
    throw new CliFailure(exitCodes.usage, 'not_confirmed', 'Not confirmed: nothing was done.\nnext: curfew status')
}

const words: Record<ByHand['outcome'], string> = {
  verified: 'dead',
  alive: 'NOT PROVEN',
  impossible: 'impossible',
  unproven: 'unproven',
  gone_before_seen: 'gone',
}
const doneLine = ({ act, outcome, deadSince, evidence, why }: ByHand): string => {
  const proof =
    outcome === 'verified' && deadSince !== undefined
      ? `refused at ${clock(deadSince)} UTC (${evidence ?? 'refused'})`
      : why
  return [
    `  ${words[outcome].padEnd(12)}${nameOf(act)}`,
    ...(proof === undefined ? [] : [wrap(proof, ' '.repeat(14))]),
  ].join('\n')
}

const endText = (results: ByHand[], configFile: string): string => {
  const dead = results.filter(one => one.outcome === 'verified').length
  const rest = results.length - dead
  const next = `next: curfew break-glass reconcile --config ${configFile}\n      tells the ledger once Kafka answers; a worker on this machine does it too`
  return `${rest === 0 ? 'DONE' : 'PARTLY DONE'}  ${dead} dead${rest === 0 ? '' : `, ${rest} not proven dead`}\n${next}`
}
