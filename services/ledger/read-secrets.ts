import { Cron } from 'croner'
import type { Redis } from 'ioredis'
import type { RotationEntry, SecretDetail, SecretEntry, VersionEntry } from '../../schemas/http-secrets.ts'
import { rotationStep, type SecretConfig } from '../../schemas/secrets.ts'
import {
  currentVersion,
  type RotationView,
  runningRotation,
  type SecretView,
  type VersionView,
  waitingRotations,
} from '../pipeline/rotation/secret-view.ts'
import type { CredentialView } from '../pipeline/view.ts'
import { loadCredentials } from './load-credentials.ts'
import { readSecretView } from './projection.ts'

type Parts = { redis: Redis; prefix: string; secrets: readonly SecretConfig[]; now(): Promise<number> }
type Known = {
  config: SecretConfig
  view: SecretView
  current: VersionView | undefined
  running: RotationView | undefined
  credentials: ReadonlyMap<string, CredentialView>
  now: number
}

const most = 100

/** Registered secrets as the facts and the last problem of their rotation say. Throws while Redis is away. */
export const readSecrets = (parts: Parts) => {
  const entryOf = async (config: SecretConfig) => entry(await known(parts, config), await problemOf(parts, config.id))
  return {
    list: async (tenants: string[]): Promise<SecretEntry[]> =>
      Promise.all(parts.secrets.filter(one => tenants.includes(one.tenant)).map(entryOf)),
    one: async (tenants: string[], id: string): Promise<SecretDetail | undefined> => {
      const config = parts.secrets.find(one => one.id === id && tenants.includes(one.tenant))
      if (!config) return undefined
      const all = await known(parts, config)
      const newest = [...all.view.versions].reverse().slice(0, most)
      const rotations = all.view.rotations.flatMap(one => rotationEntry(all, one))
      return {
        secret: entry(all, await problemOf(parts, id)),
        versions: newest.map(one => versionEntry(all, one)),
        rotations: rotations.sort((a, b) => b.requestedAt - a.requestedAt).slice(0, most),
      }
    },
  }
}

const known = async ({ redis, prefix, now }: Parts, config: SecretConfig): Promise<Known> => {
  const view = await readSecretView(redis, prefix, config.id)
  const cids = view.versions.slice(-most).map(one => one.cid)
  const loaded = await loadCredentials(redis, prefix, cids)
  const credentials = new Map(loaded.map(one => [one.view.cid, one.view]))
  return { config, view, current: currentVersion(view), running: runningRotation(view), credentials, now: await now() }
}

export const rotationNotes = (prefix: string) => `${prefix}:rotation-notes`
const problemOf = async ({ redis, prefix }: Parts, id: string): Promise<SecretEntry['problem']> => {
  const note = await redis.hget(rotationNotes(prefix), id)
  return note === null ? undefined : (JSON.parse(note) as SecretEntry['problem'])
}

const entry = (all: Known, problem: SecretEntry['problem']): SecretEntry => {
  const { config, view, current } = all
  const [waiting] = waitingRotations(view)
  const underWay = all.running ?? waiting
  const last = view.rotations.filter(one => one.ended).sort((a, b) => (b.ended?.at ?? 0) - (a.ended?.at ?? 0))[0]
  const rotation = underWay && rotationEntry(all, underWay)[0]
  const versions = view.versions.slice(-most).map(one => versionEntry(all, one))
  const compromised = waiting?.requested?.compromised || rotation?.compromised
  const busy = rotation ? (compromised ? 'compromised' : problem ? 'blocked' : 'rotating') : 'standing'
  const nextAt = current && nextOf(config, current.at, all.now)
  return {
    secret: config.id,
    keeper: { store: config.keeper.store, name: config.keeper.name },
    issuer: config.issuer.store,
    state: current || rotation ? busy : problem ? 'blocked' : 'unknown',
    ...(current ? { current: versionEntry(all, current) } : {}),
    living: versions.filter(one => one.state === 'overlap' || one.state === 'due').length,
    ...(rotation ? { rotation } : {}),
    ...(last ? { last: rotationEntry(all, last)[0] } : {}),
    ...(nextAt === undefined ? {} : { nextAt }),
    ...(problem ? { problem } : {}),
  }
}

const nextOf = ({ schedule, maxAgeMs }: SecretConfig, since: number, now: number): number | undefined => {
  const slot = schedule && new Cron(schedule, { timezone: 'UTC', paused: true }).nextRun(new Date(now))?.getTime()
  const moments = [...(slot ? [slot] : []), ...(maxAgeMs === undefined ? [] : [since + maxAgeMs])]
  return moments.length === 0 ? undefined : Math.min(...moments)
}

const rotationEntry = ({ running }: Known, one: RotationView): RotationEntry[] => {
  const { requested, ended, steps, rotation } = one
  if (!requested) return []
  const taken = rotationStep.options.flatMap(step => {
    const last = steps[step]?.at(-1)
    return last ? [{ step, at: last.at }] : []
  })
  const keeperVersion = steps.promoted?.at(-1)?.keeperVersion
  return [
    {
      rotation,
      cause: requested.cause,
      compromised: requested.compromised,
      ...(requested.reason === undefined ? {} : { reason: requested.reason }),
      requestedAt: requested.at,
      state: ended ? 'ended' : running === one ? 'running' : 'waiting',
      steps: taken.sort((a, b) => a.at - b.at),
      ...(ended ? { result: ended.result, endedAt: ended.at } : {}),
      ...(ended?.reason === undefined ? {} : { endReason: ended.reason }),
      ...(keeperVersion === undefined ? {} : { keeperVersion }),
      ...(ended?.retired === undefined ? {} : { retired: ended.retired }),
    },
  ]
}

const versionEntry = (all: Known, version: VersionView): VersionEntry => {
  const { cid, handle, keeperVersion, at, superseded } = version
  const receipt = all.credentials.get(cid)?.receipt
  return {
    credential: cid,
    handle,
    ...(keeperVersion === undefined ? {} : { keeperVersion }),
    since: at,
    state: stateOf(all, version, receipt !== undefined),
    ...(superseded ? { dueAt: superseded.at } : {}),
    ...(receipt ? { outcome: receipt.outcome, receipt: receipt.receipt } : {}),
    ...(receipt?.deadSince === undefined ? {} : { deadSince: receipt.deadSince }),
  }
}

const stateOf = ({ current, now }: Known, version: VersionView, settled: boolean): VersionEntry['state'] => {
  const { superseded } = version
  if (superseded) return settled ? 'settled' : superseded.at > now ? 'overlap' : 'due'
  if (current === version) return 'current'
  return settled ? 'settled' : 'candidate'
}
