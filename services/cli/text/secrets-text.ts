import type { RotationEntry, SecretDetail, SecretEntry, VersionEntry } from '../../../schemas/http-secrets.ts'
import { clock, duration, fromNow } from './duration.ts'
import { wrap } from './plain.ts'
import { table } from './table.ts'

export const secretsText = (secrets: SecretEntry[], now: number): string => {
  if (secrets.length === 0)
    return 'No registered secrets. next: name one under `secrets:` in the config (docs/rotation.md)'
  const listed = table<SecretEntry>(secrets, [
    { title: 'SECRET', most: 20, of: one => one.secret },
    { title: 'STATE', of: one => one.state },
    { title: 'VERSION', most: 10, of: one => one.current?.keeperVersion ?? '-' },
    { title: 'AGE', right: true, of: one => (one.current ? duration(now - one.current.since) : '-') },
    { title: 'LIVING OLD', right: true, of: one => String(one.living) },
    { title: 'NEXT', of: one => (one.nextAt === undefined ? '-' : fromNow(one.nextAt, now)) },
    { title: 'KEEPER', of: one => `${one.keeper.store} ${one.keeper.name}` },
  ])
  return [listed, ...secrets.flatMap(one => whyText(one, now))].join('\n')
}

const whyText = ({ secret, problem, rotation, last }: SecretEntry, now: number): string[] => [
  ...(rotation
    ? [
        wrap(
          `${secret}: ${causeText(rotation)} for ${duration(now - rotation.requestedAt)}, ${rotation.step ?? 'not begun'}`,
        ),
      ]
    : []),
  ...(problem
    ? [wrap(`${secret}: ${problem.code} for ${duration(now - problem.since)} at ${problem.step}: ${problem.detail}`)]
    : []),
  ...(last?.result === 'rolled_back' || last?.result === 'impossible'
    ? [
        wrap(
          `${secret}: the last rotation was ${last.result.replace('_', ' ')} ${fromNow(last.endedAt ?? 0, now)}: ${last.endReason ?? ''}`,
        ),
      ]
    : []),
]

const causeText = ({ cause, compromised }: RotationEntry) =>
  `${cause.replace('_', ' ')}${compromised && cause !== 'leaked' ? ', compromised' : ''}`

export const secretDetailText = ({ secret, versions, rotations }: SecretDetail, now: number): string =>
  [
    secretsText([secret], now),
    '',
    table<VersionEntry>(versions, [
      { title: 'VERSION', most: 10, of: one => one.keeperVersion ?? '-' },
      { title: 'STATE', of: one => one.state },
      { title: 'SINCE', of: one => fromNow(one.since, now) },
      {
        title: 'DEAD SINCE UTC',
        of: one => (one.deadSince === undefined ? (one.outcome ?? '-') : clock(one.deadSince)),
      },
      { title: 'RECEIPT', of: one => one.receipt?.slice(0, 8) ?? '-' },
      { title: 'HANDLE', of: one => one.handle },
    ]),
    '',
    rotations.length === 0
      ? 'No rotations yet.'
      : table<RotationEntry>(rotations, [
          { title: 'ASKED', of: one => fromNow(one.requestedAt, now) },
          { title: 'CAUSE', of: one => causeText(one) },
          { title: 'RESULT', of: one => one.result ?? one.state },
          {
            title: 'TOOK',
            right: true,
            of: one => (one.endedAt === undefined ? '-' : duration(one.endedAt - one.requestedAt)),
          },
          { title: 'ROTATION', of: one => one.rotation },
        ]),
  ].join('\n')

const words: Record<string, string> = {
  issuing: 'asking the issuer for a new value',
  issued: 'a new value is there',
  staged: 'staged at the keeper',
  tested: 'the new value works, and a wrong one does not',
  rejected: 'rejected: rolling back',
  promoted: 'consumers read the new value from now on',
  picked_up: 'the consumers were told; the overlap runs',
}
export const stepText = ({ step = '' }: RotationEntry): string => `  ${step.padEnd(12)}${words[step] ?? ''}`

export const versionText = ({ keeperVersion, handle, outcome, deadSince, dueAt, receipt }: VersionEntry): string => {
  const name = keeperVersion === undefined ? handle : `version ${keeperVersion}`
  if (outcome !== 'verified') return wrap(`  ${String(outcome).padEnd(12)}${name}`)
  const lag =
    deadSince === undefined || dueAt === undefined ? '' : `, ${duration(Math.max(0, deadSince - dueAt))} after due`
  return `  ${'dead'.padEnd(12)}${name}${lag}; receipt ${receipt ?? '-'}`
}
