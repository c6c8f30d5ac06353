import type { EventType } from '../../../schemas/events.ts'

/** One HTTP delivery as its sender made it. The raw body and unknown headers are never logged, stored or passed on. */
export type Delivery = {
  /** Lower-case names. */
  headers: Readonly<Record<string, string | undefined>>
  body: Buffer
  /** HTTP's one stamp, epoch ms. */
  receivedAt: number
}

/** What one entry of a delivery says, in our words. `id` names the statement inside its sender: a replay has the same id. */
export type Said =
  /**
   * An event of ours: `data` is checked by the schema of its type, and the sender's principal by its rights. `inferred`: it was read
   * from a mapping, not from a protocol that says what its states mean; the kills of an end fall under the cap.
   */
  | { says: 'event'; id: string; type: EventType; data: unknown; inferred?: true }
  /** Found values: the whole secret and each credential-bearing field of it. Fingerprinted by the caller at once, and forgotten. */
  | { says: 'leak'; id: string; values: string[]; source: string }
  /** A credential by its handle, read from a mapping: inferred, the kill falls under the cap. */
  | { says: 'revoke'; id: string; store: string; handle: string; reason: string }
  /** Understood, and without any effect: a redacted finding, a state that is not an end, a test delivery. Counted by its code. */
  | { says: 'nothing'; code: string }

/** One sender's dialect. A new one is one file and one line in the registry of this folder. */
export type Dialect = {
  /** Who sent it: the signature over the raw body, or a shared token. Throws RejectedEvent with code `bad_signature`. */
  verify(delivery: Delivery): Promise<void> | void
  /** Parses defensively: every field may be missing, unknown ones are ignored. Throws RejectedEvent, which quotes nothing. */
  read(delivery: Delivery): Said[]
  /** Instead of `read`, where what was said must be asked for. Throws NotNow while it cannot be had. */
  readonly lookUp?: (delivery: Delivery) => Promise<Said[]>
  /** Where its deliveries may come as well, below the sender's inbox: `v1/revoke_tokens`. */
  readonly path?: string
  /** What it is told when it asks, below the sender's inbox and after `verify`: path -> JSON. */
  readonly gets?: Readonly<Record<string, unknown>>
  /** The status that its protocol wants for what is durable; absent: 202. */
  readonly acceptedWith?: 202 | 204
  /** What its protocol wants to hear instead of our own words: nothing where it was accepted, this where it was refused. */
  readonly answers?: { refused(code: string, message: string): object }
}

/** What a dialect's factory may use besides its config. */
export type DialectParts = {
  /** The content of each file, trimmed. An unreadable or a guessable secret refuses the start. */
  secrets(files: { file: string }[]): string[]
  fetch: typeof fetch
  now(): number
}
