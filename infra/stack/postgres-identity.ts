import { readFileSync } from 'node:fs'

export type Identity = { uid: number; gid: number }

export function runsAsRoot(): boolean {
  return process.getuid?.() === 0
}

/** PostgreSQL refuses to run as root: under root it gets the uid of `nobody`; otherwise it runs as we do. */
export function postgresIdentity(): Identity | undefined {
  if (!runsAsRoot()) return undefined
  const nobody = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .map(line => line.split(':'))
    .find(fields => fields[0] === 'nobody')
  return { uid: Number(nobody?.[2] ?? 65534), gid: Number(nobody?.[3] ?? 65534) }
}
