import type { GrantEntry } from '../../../schemas/http.ts'
import type { Evidence, Receipt } from '../../../schemas/receipt.ts'
import { clock, duration, moment } from './duration.ts'
import { cut, plain, wrap } from './plain.ts'

const proof: Record<Evidence, string> = {
  used: 'the credential itself was refused',
  target: 'gone where it is enforced',
  issuer: 'only its issuer says so',
}

/** One death and how we know. */
export const deathText = (grant: GrantEntry, receipt: Receipt): string => {
  const [word, ...why] = told(receipt)
  const name = cut(plain(`${grant.kind} ${grant.handle}`), 66)
  return [`  ${word.padEnd(12)}${name}`, ...why.map(line => wrap(line, ' '.repeat(14)))].join('\n')
}

const told = (receipt: Receipt): [string, ...string[]] => {
  const { outcome, deadSince, dueAt, exposedUntil } = receipt
  const dead = deadSince ?? receipt.settledAt
  const until = exposedUntil === undefined ? 'nobody knows when' : moment(exposedUntil)
  switch (outcome) {
    case 'verified': {
      const lag = `${duration(dead - dueAt)} after due`
      const outlived = (receipt.exposure ?? []).map(open => `outlived by ${open}`)
      return [
        'dead',
        `${lag}; ${evidenceText(receipt)} at ${clock(dead)} UTC`,
        `receipt ${receipt.receipt}`,
        ...outlived,
      ]
    }
    case 'impossible':
      return ['impossible', `${receipt.reason ?? 'the store cannot'}; exposed until ${until}`]
    case 'unproven':
      return ['unproven', 'it was never seen alive: its issuer must look']
    case 'gone_before_seen':
      return ['gone', 'it was gone before it was seen']
  }
}

const evidenceText = ({ evidence }: Receipt) => (evidence === undefined ? 'refused' : proof[evidence])
