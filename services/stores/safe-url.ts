import { isSafe } from '../../schemas/safe-url.ts'

export { isSafe } from '../../schemas/safe-url.ts'

export const requireSafe = (address: string): URL => {
  if (!isSafe(address)) throw new Error(`stores: ${address} must be https (http only on this machine)`)
  return new URL(address)
}
