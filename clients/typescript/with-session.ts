import type { CurfewClient, Grant } from './curfew-client.ts'

export type SessionOptions = {
  /** Single use. Absent: a random one. */
  id?: string
  agent?: string
  maxLifeMs?: number
  /** Set: the session is over when nothing was heard of it for this long, and heartbeats are sent meanwhile. */
  idleMs?: number
  /** A heartbeat, or the end after a failed callback, that could not be told. */
  onError?(error: unknown): void
}
export type CurfewTask = { grant(grant: Omit<Grant, 'task'>): Promise<void> }
export type CurfewSession = {
  id: string
  /** Registers a credential: it dies with the session. Await it before the credential is handed out. */
  grant(grant: Grant): Promise<void>
  /** What is granted inside dies when the function ends, however it ends. */
  task<T>(name: string, work: (task: CurfewTask) => Promise<T>): Promise<T>
}

/** Tells the start, runs the callback, and tells the end however the callback ends. */
export const withSession = async <T>(
  client: CurfewClient,
  options: SessionOptions,
  work: (session: CurfewSession) => Promise<T>,
): Promise<T> => {
  const { id = crypto.randomUUID(), onError = () => undefined, agent, maxLifeMs, idleMs } = options
  await client.send('curfew.session.started', {
    session: id,
    ...(agent === undefined ? {} : { agent }),
    ...(maxLifeMs === undefined ? {} : { maxLifeMs }),
    ...(idleMs === undefined ? {} : { idleMs }),
  })
  const stop = idleMs === undefined ? () => undefined : heartbeats(client, id, idleMs, onError)
  return ending(
    () => work(sessionOf(client, id, onError)),
    failure => {
      stop()
      const reason = failure === undefined ? {} : { reason: 'the callback failed' }
      return client.send('curfew.session.ended', { session: id, ...reason })
    },
    onError,
  )
}

const sessionOf = (client: CurfewClient, id: string, onError: (error: unknown) => void): CurfewSession => ({
  id,
  grant: grant => client.grant(id, grant),
  task: async (task, work) => {
    await client.send('curfew.task.started', { session: id, task })
    return ending(
      () => work({ grant: grant => client.grant(id, { ...grant, task }) }),
      failure => client.send('curfew.task.finished', { session: id, task, result: resultOf(failure) }),
      onError,
    )
  },
})

const resultOf = (failure: unknown) =>
  failure === undefined ? 'completed' : (failure as { name?: string }).name === 'AbortError' ? 'cancelled' : 'failed'

/** The end is told in every case. Told in vain it throws, unless the work's own error is to be thrown. */
const ending = async <T>(
  work: () => Promise<T>,
  tellEnd: (failure: unknown) => Promise<void>,
  onError: (error: unknown) => void,
): Promise<T> => {
  let failure: unknown
  let failed = false
  try {
    return await work()
  } catch (error) {
    failed = true
    failure = error ?? new Error('failed')
    throw error
  } finally {
    const told = tellEnd(failure)
    await (failed ? told.catch(onError) : told)
  }
}

const heartbeats = (client: CurfewClient, session: string, idleMs: number, onError: (error: unknown) => void) => {
  const beat = () => void client.send('curfew.session.heartbeat', { session }).catch(onError)
  const timer = setInterval(beat, Math.max(500, Math.floor(idleMs / 3)))
  return () => clearInterval(timer)
}
