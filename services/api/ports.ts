import type { Principal } from '../../schemas/config.ts'
import type { Fact } from '../../schemas/facts.ts'
import type { GrantEntry, GrantList, ReceiptList, SessionDetail, SessionList } from '../../schemas/http.ts'
import type { SecretDetail, SecretEntry } from '../../schemas/http-secrets.ts'
import type { CanaryStatus, LastHour, StateStatus } from '../../schemas/status.ts'

/** An event as it came: CloudEvents in structured or binary mode. */
export type RawEvent = {
  headers: Record<string, string | undefined>
  body: Buffer | null
  attributePrefix: 'ce-'
}

/** Every read throws while the state cannot be read. */
export type ReadPort = {
  sessions(query: { tenants: string[]; limit: number }): Promise<SessionList>
  session(tenants: string[], name: string): Promise<SessionDetail | undefined>
  grants(query: { tenants: string[]; alivePastDue: boolean; limit: number }): Promise<GrantList>
  grant(tenants: string[], id: string): Promise<GrantEntry | undefined>
  receipts(query: { tenants: string[]; since: number; limit: number }): Promise<ReceiptList>
  secrets(tenants: string[]): Promise<SecretEntry[]>
  secret(tenants: string[], id: string): Promise<SecretDetail | undefined>
  status(): Promise<StateStatus>
  clockSkewMs(): Promise<number>
  canary(): Promise<CanaryStatus>
  lastHour(): LastHour
}

export type ApiParts = {
  now(): number
  /** Undefined: nobody that this API knows. */
  authenticate(token: string): Principal | undefined
  /** Parsed, authorized, translated and durable, or it throws RejectedEvent or FactsUnavailable. The number of facts. */
  acceptEvent(raw: RawEvent, principal: Principal, receivedAt: number): Promise<number>
  append(facts: Fact[]): Promise<void>
  read: ReadPort
  /** Opens a sealed value, fingerprints it under every live pepper and forgets it. */
  fingerprints(sealed: string): Promise<string[]>
  publicKey: Record<string, unknown>
  metrics(): Promise<{ contentType: string; text: string }>
  /** Ids, codes and counts only: never a body, a header or a URL. */
  log(entry: object): void
}
