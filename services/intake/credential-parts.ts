const shortestPart = 4
/** A name is only taken for a credential where it is long enough to be one: `https://<token>@host`. */
const shortestName = 12
const mostParts = 32
const deepest = 8

/**
 * A found text, and each credential-bearing field in it: a login in a URL, the leaves of JSON, the sides of `user:password`, what
 * follows `Bearer`. Each only ever acts where its fingerprint is known. Capped: the caps are far over what a credential has.
 */
export const credentialParts = (text: string): string[] => {
  const whole = text.trim()
  const bare = unquoted(whole)
  const found = [...ofJson(bare), ...ofUrl(bare), ...ofHeader(bare), ...ofPair(bare)].map(part => part.trim())
  const parts = found.filter(part => part.length >= shortestPart)
  return [...new Set([whole, bare, ...parts])].filter(part => part !== '').slice(0, mostParts)
}

const unquoted = (text: string) => /^(["'`])([\s\S]*)\1$/.exec(text)?.[2]?.trim() ?? text

const ofJson = (text: string): string[] => {
  if (!/^[[{]/.test(text)) return []
  try {
    return leaves(JSON.parse(text), '', 0).slice(0, mostParts)
  } catch {
    return []
  }
}

const leaves = (json: unknown, name: string, depth: number): string[] => {
  if (typeof json === 'string') return isCredential(name, json) ? [json, ...ofUrl(json)] : []
  if (json === null || typeof json !== 'object' || depth > deepest) return []
  const named = (key: string) => (Array.isArray(json) ? name : key)
  return Object.entries(json).flatMap(([key, child]) => leaves(child, named(key), depth + 1))
}

const isCredential = (name: string, value: string) =>
  /pass|pwd|secret|token|key|cred|auth/i.test(name) || value.length >= shortestName

const ofUrl = (text: string): string[] => {
  if (!/^[a-z][a-z0-9+.-]*:\/\/\S+$/i.test(text)) return []
  try {
    const { username, password, searchParams } = new URL(text)
    const [name, word] = [username, password].map(decoded)
    const names = [username, name ?? ''].filter(one => one.length >= shortestName)
    const pair = password === '' ? [] : [password, word ?? '', `${name}:${word}`]
    return [...names, ...pair, ...[...searchParams.values()].filter(value => value.length >= shortestName)]
  } catch {
    return []
  }
}

const decoded = (text: string) => {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

const ofHeader = (text: string): string[] => {
  const [, scheme, rest] = /^(?:authorization:\s*)?(bearer|token|basic)\s+(\S+)$/i.exec(text) ?? []
  if (scheme === undefined || rest === undefined) return []
  return scheme.toLowerCase() === 'basic' ? [rest, ...ofPair(Buffer.from(rest, 'base64').toString('utf8'))] : [rest]
}

/** What has a colon may be a pair; a password may have colons too, and so may a name. */
const ofPair = (text: string): string[] => {
  if (!/^[^\s:]+:\S+$/.test(text) || text.includes('://')) return []
  const [first, last] = [text.indexOf(':'), text.lastIndexOf(':')]
  const names = [text.slice(0, first), text.slice(0, last)].filter(name => name.length >= shortestName)
  return [...names, text.slice(first + 1), text.slice(last + 1)]
}
