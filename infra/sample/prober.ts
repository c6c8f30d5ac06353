import type { Door, SampleCredential } from './issuer.ts'

/** What an outsider who holds the credential saw. Times are epoch ms; the last acceptance is when its call *ended*. */
export type Watched = {
  name: string
  credential: SampleCredential
  acceptedFirst?: number
  acceptedLast?: number
  refusedFirst?: number
  refusedLast?: number
  tries: number
}
export type Prober = {
  watch(name: string, credential: SampleCredential): Watched
  watched: Watched[]
  close(): Promise<void>
}

/** Holds the real credentials and tries each every 250 ms. Not part of the pipeline: its word decides, never ours. */
export const prober = (everyMs = 250): Prober => {
  const watched: Watched[] = []
  const loops: Promise<void>[] = []
  let closing = false
  const wakers = new Set<() => void>()
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
    while (!closing) {
      const startedAt = Date.now()
      const seen: Door = await one.credential.use().catch(() => 'unknown' as const)
      note(one, seen, Date.now())
      await pause(everyMs - (Date.now() - startedAt))
    }
  }
  return {
    watched,
    watch: (name, credential) => {
      const one: Watched = { name, credential, tries: 0 }
      watched.push(one)
      loops.push(loop(one))
      return one
    },
    close: async () => {
      closing = true
      for (const wake of wakers) wake()
      await Promise.all(loops)
    },
  }
}

const note = (one: Watched, seen: Door, at: number) => {
  one.tries += 1
  if (seen === 'accepted') {
    one.acceptedFirst ??= at
    one.acceptedLast = at
    // Refused and then accepted again: not dead.
    delete one.refusedFirst
  } else if (seen === 'refused') {
    one.refusedFirst ??= at
    one.refusedLast = at
  }
}
