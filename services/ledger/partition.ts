import type { FactOf } from '../../schemas/facts.ts'
import { type Fact, fact as factSchema } from '../../schemas/facts.ts'
import { shredOfKey } from '../pipeline/fact-key.ts'
import { mergesOf } from '../pipeline/fold.ts'
import type { LedgerScripts } from './redis.ts'

/** One facts partition as this process reads it. */
export type PartitionReader = {
  partition: number
  /** Id of the topic's first record; undefined until it was read. */
  metaId?: string
  metaReadAt?: number
  owner: boolean
  /** The last offset that this reader folded; '-1': none. */
  prev: string
  /** The next offset that a batch must begin with. */
  wanted: number
  /** Folded up to here, the partition is ready; undefined: it is. */
  readyAt?: number
  /** How often a batch began beyond `wanted` in a row. */
  gaps: number
  /** Tick and batches of one partition run one after the other. */
  queue: Promise<unknown>
}

export const partitionReader = (partition: number): PartitionReader => ({
  partition,
  owner: false,
  prev: '-1',
  wanted: 0,
  gaps: 0,
  queue: Promise.resolve(),
})

export const oneAtATime = <T>(reader: PartitionReader, run: () => Promise<T>): Promise<T> => {
  const result = reader.queue.then(run, run)
  reader.queue = result.catch(() => undefined)
  return result
}

export type FoldReply = {
  status: 'ok' | 'moved' | 'meta' | 'wiping'
  applied: string
  earliest: number | undefined
  /** What was read, whatever became of it. */
  facts: Fact[]
}

/** Folds messages (or, with none, asks where the state stands). Compare-and-set on `prev`: see lua/fold.lua. */
export const foldBatch = async (
  scripts: LedgerScripts,
  prefix: string,
  reader: PartitionReader,
  messages: { offset: string; key?: Buffer | null; value: Buffer | null }[],
): Promise<FoldReply> => {
  const facts: Fact[] = []
  const merges = messages.flatMap(message => {
    const parsed = message.value === null ? shredOfKey(String(message.key)) : parseFact(message.value)
    if (parsed && parsed.kind !== 'shred') facts.push(parsed)
    return parsed ? mergesOf(parsed, Number(message.offset)) : []
  })
  const last = messages.at(-1)?.offset ?? ''
  const reply = await scripts.fold(
    prefix,
    reader.partition,
    reader.prev,
    last,
    reader.metaId ?? '',
    JSON.stringify(merges),
  )
  const [status, applied, earliest] = reply as [FoldReply['status'], string, string]
  return { status, applied, earliest: earliest === '' ? undefined : Number(earliest), facts }
}

/** A fact that this version does not know is skipped, never a stop: a newer version may have written it. */
export const parseFact = (value: Buffer | null): Fact | undefined => {
  if (value === null) return undefined
  try {
    const parsed = factSchema.safeParse(jsonOf(value))
    return parsed.success ? parsed.data : undefined
  } catch {
    return undefined
  }
}

/** Lua's JSON decoder throws at half a surrogate pair, which JavaScript's lets through: it becomes U+FFFD, the same for all. */
export const jsonOf = (bytes: Buffer): unknown => {
  const text = bytes.toString('utf8')
  return /\\u[dD][89a-fA-F]/.test(text)
    ? JSON.parse(text, (_key, value) => (typeof value === 'string' ? value.toWellFormed() : value))
    : JSON.parse(text)
}

export const metaOf = (value: Buffer | null | undefined): FactOf<'meta'> | undefined => {
  const parsed = parseFact(value ?? null)
  return parsed?.kind === 'meta' ? parsed : undefined
}
