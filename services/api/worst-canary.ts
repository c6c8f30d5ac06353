import type { CanaryStatus } from '../../schemas/status.ts'

/** In its own periods: one that was never seen to die, else the one that is the most of them old. */
export const worstCanary = (canaries: CanaryStatus[]): CanaryStatus => {
  const periods = ({ ageMs = Number.POSITIVE_INFINITY, everyMs = 1 }: CanaryStatus) => ageMs / everyMs
  const [first = { configured: false }, ...rest] = canaries
  return rest.reduce((worst, one) => (periods(one) > periods(worst) ? one : worst), first)
}
