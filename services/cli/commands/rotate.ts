import type { RotationAnswer, RotationEntry, SecretDetail, VersionEntry } from '../../../schemas/http-secrets.ts'
import { type CallApi, callApi } from '../call-api.ts'
import { CliFailure, exitCodes } from '../exit-codes.ts'
import type { Io } from '../io.ts'
import { count, wrap } from '../text/plain.ts'
import { stepText, versionText } from '../text/secrets-text.ts'

export type RotateOptions = {
  secret: string
  compromised?: boolean
  dryRun?: boolean
  reason: string
  wait: boolean
  timeout: string
  json?: boolean
}

/** Rotates a registered secret, and shows each step and each death. */
export const rotateCommand = async (io: Io, options: RotateOptions): Promise<number> => {
  const api = callApi(io)
  const { secret, compromised = false, dryRun = false, reason, json } = options
  const say = (text: string) => (json ? undefined : io.out(text))
  const answer = await api<RotationAnswer>('POST', '/v1/rotations', { secret, compromised, dryRun, reason })
  say(planText(answer, dryRun))
  if (dryRun || !options.wait || answer.rotation === undefined) {
    if (json) io.out(JSON.stringify(answer, undefined, 2))
    return exitCodes.done
  }
  const { rotation, versions } = await follow(io, api, answer.rotation, options, say)
  const died = versions.filter(one => one.outcome === 'verified')
  say(endText(rotation, died, secret))
  if (json) io.out(JSON.stringify({ ...answer, rotation, versions }, undefined, 2))
  return rotation?.result === 'done' || rotation?.result === 'coalesced' ? exitCodes.done : exitCodes.partly
}

const planText = ({ plan, secret }: RotationAnswer, dryRun: boolean): string =>
  [
    dryRun
      ? `DRY RUN  Nothing was done. A rotation of "${secret.secret}" would`
      : `TAKEN  Rotating "${secret.secret}". Ctrl-C is safe: the command stands. It will`,
    ...plan.map((line, i) => wrap(`${i + 1}. ${line}`, '  ')),
  ].join('\n')

/** How it gets there is of no interest to who waits for it. */
const quiet: readonly string[] = ['issuing', 'reserved', 'swept']
const pollMs = 250

type Followed = { rotation: RotationEntry | undefined; versions: VersionEntry[] }

const follow = async (
  io: Io,
  api: CallApi,
  id: string,
  { secret, timeout }: RotateOptions,
  say: (text: string) => void,
): Promise<Followed> => {
  const deadline = io.now() + Number(timeout) * 1_000
  const told = new Set<string>()
  let last: Followed = { rotation: undefined, versions: [] }
  while (io.now() < deadline && !io.interrupted.aborted) {
    const detail = await asked(api, secret)
    const rotation = detail?.rotations.find(one => one.rotation === id)
    if (detail && rotation) {
      const settled = detail.versions.filter(one => one.state === 'settled' && (one.dueAt ?? 0) >= rotation.requestedAt)
      last = { rotation, versions: settled }
      const lines = [
        ...rotation.steps.filter(({ step }) => !quiet.includes(step)).map(stepText),
        ...(detail.secret.problem
          ? [`  blocked     ${detail.secret.problem.step}: ${detail.secret.problem.detail}`]
          : []),
        ...settled.map(versionText),
      ]
      for (const line of lines) if (!told.has(line)) say(line)
      for (const line of lines) told.add(line)
      if (rotation.state === 'ended') return last
    }
    await io.pause(pollMs)
  }
  return last
}

/** An API that is away for a moment does not end the waiting. */
const asked = async (api: CallApi, secret: string): Promise<SecretDetail | undefined> => {
  try {
    return await api<SecretDetail>('GET', `/v1/secrets/${encodeURIComponent(secret)}`)
  } catch (error) {
    if (error instanceof CliFailure && error.exitCode === exitCodes.cannotTell) return undefined
    throw error
  }
}

const endText = (rotation: RotationEntry | undefined, died: VersionEntry[], secret: string): string => {
  const next = `\nnext: curfew secrets --secret ${secret}   says where it stands`
  switch (rotation?.result) {
    case 'done': {
      const closed = rotation.retired?.length ? `, ${count(rotation.retired.length, 'old version')} closed` : ''
      return `DONE  version ${rotation.keeperVersion ?? '?'} is in its place, ${died.length} dead${closed}`
    }
    case 'coalesced':
      return 'DONE  another rotation made a newer value meanwhile'
    case 'rolled_back':
      return `NOT DONE  rolled back: ${rotation.endReason ?? 'no reason known'}. The old value works on.${next}`
    case 'impossible':
      return `NOT DONE  impossible: ${rotation.endReason ?? 'no reason known'}${next}`
    case undefined:
      return `NOT YET  it goes on without this command.${next}`
  }
}
