import { createHash } from 'node:crypto'

const mark = 16

/**
 * A name as the product takes it. Cut, it ends with a hash of the whole: two names that begin alike stay two, and who issues under
 * a name and who searches for it say the same.
 */
export const issueName = (name: string, atMost: number): string => {
  if (name.length <= atMost) return name
  const hash = createHash('sha256').update(name).digest('hex')
  const kept = atMost - mark - 1
  return kept < 1 ? hash.slice(0, atMost) : `${name.slice(0, kept)}-${hash.slice(0, mark)}`
}
