import type { Principal } from '../../schemas/config.ts'
import type { Fact } from '../../schemas/facts.ts'
import type { GrantEntry, GrantList, ReceiptList, SessionDetail, SessionList } from '../../schemas/http.ts'
import type { DoctorLine } from '../../schemas/http-doctor.ts'
import type { Lag, LagWindow } from '../../schemas/http-lag.ts'
import type { DeadLetterCount, Expiries } from '../../schemas/http-page.ts'
import type { DeadLetterList, ReplayPlan, ReplaySelect } from '../../schemas/http-replay.ts'
import type { SecretDetail, SecretEntry } from '../../schemas/http-secrets.ts'
import type { InboxAnswer, LeakMatch, LeaksRequest } from '../../schemas/leaks.ts'
import type { SsfPoll } from '../../schemas/ssf.ts'
import type { CanaryStatus, LastHour, StateStatus } from '../../schemas/status.ts'
import type { FactEntry } from '../pipeline/fact-key.ts'
import type { PlanPort } from '../pipeline/plans.ts'
import type { WorkNote } from '../pipeline/ports.ts'

/** An event as it came: CloudEvents in structured or binary mode. */
export type RawEvent = {
  headers: Record<string, string | undefined>
  body: Buffer | null
  attributePrefix: 'ce-'
}

/** A fact and where it lies in the facts topic. `appendedAt`: the record's own time. */
export type PlacedFact = { fact: FactEntry; place: string; appendedAt: number }
/** What is known of one grant: its facts, and what the work remembers of its current epoch. */
export type StoryRecord = {
  entry: GrantEntry
  sid: string
  note?: WorkNote | undefined
  facts: PlacedFact[]
  /** False: reading was cut short. */
  complete: boolean
}

/** Every read throws while the state cannot be read. */
export type ReadPort = {
  sessions(query: { tenants: string[]; limit: number }): Promise<SessionList>
  session(tenants: string[], name: string): Promise<SessionDetail | undefined>
  grants(query: { tenants: string[]; alivePastDue: boolean; limit: number }): Promise<GrantList>
  grant(tenants: string[], id: string): Promise<GrantEntry | undefined>
  /** The beginning of an id is enough. Throws while Kafka cannot be read, too. */
  story(tenants: string[], id: string): Promise<StoryRecord | 'ambiguous' | undefined>
  receipts(query: { tenants: string[]; since: number; limit: number; plan?: string | undefined }): Promise<ReceiptList>
  secrets(tenants: string[]): Promise<SecretEntry[]>
  secret(tenants: string[], id: string): Promise<SecretDetail | undefined>
  status(): Promise<StateStatus>
  clockSkewMs(): Promise<number>
  /** Every configured one. */
  canaries(): Promise<CanaryStatus[]>
  lastHour(): LastHour
  lag(query: { tenants: string[]; window: LagWindow }): Lag
  expiries(): Promise<Expiries>
  deadLetters(): Promise<DeadLetterCount[]>
  leakMatches(query: { tenants: string[]; fingerprints: string[] }): Promise<LeakMatch>
}

/** Dead letters, and reading again what was missed. Of a principal's own tenant only. Throws RejectedEvent, NotNow. */
export type ReplayPort = {
  letters(
    principal: Principal,
    query: {
      topic?: string | undefined
      reason?: string | undefined
      id?: string | undefined
      all: boolean
      limit: number
    },
  ): Promise<DeadLetterList>
  plan(select: ReplaySelect, principal: Principal): Promise<ReplayPlan>
  find(plan: string, principal: Principal): Promise<ReplayPlan | undefined>
  /** Begins, and goes on without the caller. Undefined: no such plan, or no longer. */
  apply(plan: string, principal: Principal): Promise<ReplayPlan | undefined>
}

/** One webhook as it came. The raw body is what is signed. */
export type Delivery = { headers: Record<string, string | undefined>; body: Buffer; receivedAt: number }

/** A sender of the inbox, in its own dialect. */
export type InboxSender = {
  perMinute: number
  /** Throws RejectedEvent for what is not the sender's, NotNow where that cannot be told at this moment. */
  verify(delivery: Delivery): Promise<void>
  /** Read, fingerprinted and durable, or it throws: RejectedEvent, NotNow, FactsUnavailable. */
  accept(delivery: Delivery): Promise<InboxAnswer>
  path?: string | undefined
  gets?: Readonly<Record<string, unknown>> | undefined
  acceptedWith?: 202 | 204 | undefined
  /** Its protocol's own words: nothing where it was accepted, this where it was refused. */
  answers?: { refused(code: string, message: string): object } | undefined
}

/** The transmitter of Security Event Tokens: OpenID Shared Signals, with streams that the config declares. */
export type SsfPort = {
  configuration: object
  keys: object
  streams: readonly { id: string; principal: string; polls: boolean; description: object }[]
  /** Settles what was acknowledged or refused, and says what is next. */
  poll(stream: string, request: SsfPoll): Promise<{ sets: Record<string, string>; moreAvailable: boolean }>
  /** How long to wait before the next one; 0: it is on its way. */
  verify(stream: string, state: string | undefined): Promise<number>
}

export type ApiParts = {
  now(): number
  /** Undefined: nobody that this API knows. Throws HttpProblem where an issuer's token is refused, or cannot be told. */
  authenticate(token: string): Promise<Principal | undefined>
  /** Parsed, authorized, translated and durable, or it throws RejectedEvent or FactsUnavailable. The number of facts. */
  acceptEvent(raw: RawEvent, principal: Principal, receivedAt: number): Promise<number>
  append(facts: Fact[]): Promise<void>
  read: ReadPort
  replay: ReplayPort
  /** Each right and setting that revoking needs; of one store, or of all. */
  examine(store: string | undefined): Promise<DoctorLine[]>
  /** Opens a sealed value, fingerprints it under every live pepper and forgets it. */
  fingerprints(sealed: string): Promise<string[]>
  inbox: ReadonlyMap<string, InboxSender>
  /**
   * Opens a finding's values, fingerprints them whole and field by field, and forgets them. `again`: a store that must be asked
   * is away; what is known without it is here, and the finding must be sent again.
   */
  understandLeak(
    finding: LeaksRequest['findings'][number],
    principal: Principal,
    receivedAt: number,
  ): Promise<{ fingerprints: string[]; facts: Fact[]; again?: Error | undefined }>
  plans: PlanPort
  publicKey: Record<string, unknown>
  /** Absent: the config has no `signals.caep`. */
  ssf?: SsfPort | undefined
  metrics(): Promise<{ contentType: string; text: string }>
  /** Ids, codes and counts only: never a body, a header or a URL. */
  log(entry: object): void
}
