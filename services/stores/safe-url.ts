/** Tokens and our client's secret travel there: in clear only inside this machine. */
export const isSafe = (address: unknown): address is string => {
  if (typeof address !== 'string' || !URL.canParse(address)) return false
  const { protocol, hostname } = new URL(address)
  return protocol === 'https:' || (protocol === 'http:' && ['127.0.0.1', 'localhost', '[::1]'].includes(hostname))
}

export const requireSafe = (address: string): URL => {
  if (!isSafe(address)) throw new Error(`stores: ${address} must be https (http only on this machine)`)
  return new URL(address)
}
