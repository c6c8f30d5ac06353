import type { Fact } from '../../../schemas/facts.ts'
import { credentialId } from '../ids.ts'
import type { KeptVersion } from '../keeper-port.ts'
import type { Issued, IssueRequest, Store } from '../ports.ts'
import { end } from './roll-back.ts'
import { again, base, holdsFence, issueName, type Ran, type Rotating, stepFact, stuck } from './rotating.ts'
import { currentVersion } from './secret-view.ts'

/**
 * Asks the issuer for the new version. What it may have made is known beforehand, so that a crash leaves nothing that nobody would end:
 * the attempt's name, or the handle of what it reserved.
 */
export const issueNew = async (run: Rotating, current: KeptVersion | undefined): Promise<Issued | Ran> => {
  const { parts, secret, rotation, issuer, attempt } = run
  await parts.facts.append([stepFact(run, 'issuing')])
  parts.crashPoint('before_issue')
  if (!(await holdsFence(run))) return again(1_000)
  const name = issueName(rotation.rotation, attempt)
  const request = { name, lifeMs: secret.issuer.lifeMs, current: inUse(run, current) }
  const issued = issuer.reserve ? await fillReserved(run, issuer.reserve, request) : await issuer.issue?.(request)
  if (issued === undefined) return again(10_000)
  if ('state' in issued) return issued
  parts.crashPoint('after_issue')
  return 'problem' in issued ? stuck(run, 'issue', issued.problem) : issued
}

/** Its handle is durable before it can be alive: whoever takes over finds it in the facts. */
const fillReserved = async (run: Rotating, reserve: NonNullable<Store['reserve']>, request: IssueRequest) => {
  const { parts, issuer } = run
  const reserved = await reserve(request)
  if ('problem' in reserved) return stuck(run, 'reserve', reserved.problem)
  if ('impossible' in reserved) return end(run, 'impossible', reserved.impossible)
  const { handle, note } = reserved
  const cid = credentialId(issuer.id, handle)
  const sealed: Fact[] =
    note === undefined ? [] : [{ ...base(parts, 'sealed'), kind: 'sealed', cid, ...parts.seal(cid, note) }]
  await parts.facts.append([...sealed, stepFact(run, 'reserved', { cid, handle })])
  return (await holdsFence(run)) ? reserved.fill() : again(1_000)
}

/** The keeper's word first: it is what consumers read. The facts know the name of what was adopted without one. */
const inUse = ({ view }: Rotating, current: KeptVersion | undefined) => ({
  handle: current?.handle ?? currentVersion(view)?.handle,
  fields: current?.fields,
})
