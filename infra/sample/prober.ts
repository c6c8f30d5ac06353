import type { Tried } from './doors.ts'
import type { SampleCredential } from './issuer.ts'

/** What an outsider who holds the credential saw. Times are epoch ms; the last acceptance is when its call *ended*. */
export type Watched = {
  name: string
  credential: SampleCredential
  acceptedFirst?: number
  acceptedLast?: number
  /** When the last accepted call *began*: begun after a receipt's `deadSince`, it proves that receipt wrong. */
  acceptedLastBegunAt?: number
  refusedFirst?: number
  refusedLast?: number
  /** The refused call in words, since when it is refused. */
  proof?: string
  /** The last call in words, whatever its answer was. */
  last?: string
  tries: number
}
export type Prober = {
  watch(name: string, credential: SampleCredential): Watched
  /** Tries it no more and forgets it. */
  release(one: Watched): void
  watched: Watched[]
  close(): Promise<void>
}

/** Holds the real credentials and tries each every 250 ms. Not part of the pipeline: its word decides, never ours. */
export const prober = (everyMs = 250): Prober => {
  const watched: Watched[] = []
  const loops = new Set<Promise<void>>()
  const wakers = new Set<() => void>()
  let closing = false
  const pause = (ms: number) =>
    new Promise<void>(resolve => {
      const timer = setTimeout(done, Math.max(0, ms))
      function done() {
        clearTimeout(timer)
        wakers.delete(done)
        resolve()
      }
      wakers.add(done)
    })

  const loop = async (one: Watched) => {
    while (!closing && watched.includes(one)) {
      const begunAt = Date.now()
      const tried = await one.credential.try().catch(noAnswer)
      note(one, tried, begunAt, Date.now())
      await pause(everyMs - (Date.now() - begunAt))
    }
  }
  return {
    watched,
    watch: (name, credential) => {
      const one: Watched = { name, credential, tries: 0 }
      watched.push(one)
      const running = loop(one)
      loops.add(running)
      void running.finally(() => loops.delete(running))
      return one
    },
    release: one => {
      const at = watched.indexOf(one)
      if (at >= 0) watched.splice(at, 1)
    },
    close: async () => {
      closing = true
      for (const wake of wakers) wake()
      await Promise.all(loops)
    },
  }
}

const noAnswer = (): Tried => ({ seen: 'unknown', call: 'no answer', answer: 'nothing' })

const note = (one: Watched, { seen, call, answer }: Tried, begunAt: number, endedAt: number) => {
  one.tries += 1
  one.last = `${call}: ${answer}`
  if (seen === 'accepted') {
    one.acceptedFirst ??= endedAt
    one.acceptedLast = endedAt
    one.acceptedLastBegunAt = begunAt
    // Refused and then accepted again: not dead.
    delete one.refusedFirst
    delete one.proof
  } else if (seen === 'refused') {
    one.refusedFirst ??= endedAt
    one.refusedLast = endedAt
    one.proof ??= one.last
  }
}
