import { every } from '../../pipeline/every.ts'

/** A part of what viewers see. */
export type Section<T = unknown> = {
  name: string
  everyMs: number
  shared?: boolean
  read(tenant: string): Promise<T>
}
/** `send` false: it does not read as fast as it is told, and is dropped. */
export type Viewer = {
  tenant: string
  send(event: string, id: string | undefined, data: string): boolean
  drop(): void
}
export type LiveHub = {
  /** Told at once how things stand, or, with the id of its last message, what has changed since. Returns how to leave. */
  join(viewer: Viewer, lastId: string | undefined): () => void
  viewers(): number
  close(): Promise<void>
}
export type LiveHubParts = {
  sections: Section[]
  now(): number
  /** Names this process's messages: an id of another one means nothing here. */
  boot: string
  trouble: { code: string; message: string }
  tickMs?: number
}
type Known = { json: string; version: number }
type Board = { viewers: Map<Viewer, number>; known: Map<string, Known>; askedAt: Map<string, number>; readAt: number }

/** At most this share of the time goes into reading: a slow state is read more rarely. */
const busyShare = 0.2

/**
 * One reading of the state for all viewers of a tenant, only while there is one; each section is sent when it has changed, once
 * a tick at most. Nothing is queued for anybody: a viewer that missed something is sent how things stand.
 */
export const liveHub = (parts: LiveHubParts): LiveHub => {
  const boards = new Map<string, Board>()
  let version = 0
  let stop: (() => Promise<void>) | undefined
  let restUntil = 0
  const idOf = (n: number) => `${parts.boot}.${n}`

  const tell = (board: Board, viewer: Viewer) => {
    const seen = board.viewers.get(viewer) ?? 0
    const changed = [...board.known].filter(([, one]) => one.version > seen)
    const sections = changed.map(([name, { json }]) => `${JSON.stringify(name)}:${json}`).join(',')
    board.viewers.set(viewer, version)
    const data = `{"at":${parts.now()},"readAt":${board.readAt},"sections":{${sections}}}`
    if (!viewer.send('change', idOf(version), data)) leave(viewer)
  }
  const leave = (viewer: Viewer) => {
    const board = boards.get(viewer.tenant)
    if (!board?.viewers.delete(viewer)) return
    viewer.drop()
    if (board.viewers.size === 0) boards.delete(viewer.tenant)
    if (boards.size === 0) {
      void stop?.()
      stop = undefined
    }
  }
  const read = async (board: Board, tenant: string, once: Map<string, Promise<string>>) => {
    const at = parts.now()
    const due = parts.sections.filter(one => at - (board.askedAt.get(one.name) ?? 0) >= one.everyMs)
    const jsons = await Promise.all(
      due.map(async section => {
        const key = section.shared ? section.name : `${section.name} ${tenant}`
        const reading = once.get(key) ?? section.read(tenant).then(found => JSON.stringify(found))
        once.set(key, reading)
        return [section.name, await reading] as const
      }),
    )
    for (const [name, json] of jsons) {
      board.askedAt.set(name, at)
      if (board.known.get(name)?.json !== json) board.known.set(name, { json, version: ++version })
    }
    board.readAt = at
  }
  const tick = async () => {
    const begun = parts.now()
    if (begun < restUntil) return
    const once = new Map<string, Promise<string>>()
    for (const [tenant, board] of [...boards])
      try {
        await read(board, tenant, once)
        for (const viewer of [...board.viewers.keys()]) tell(board, viewer)
      } catch {
        const data = JSON.stringify({ at: parts.now(), ...parts.trouble })
        for (const viewer of [...board.viewers.keys()]) if (!viewer.send('trouble', undefined, data)) leave(viewer)
      }
    restUntil = begun + (parts.now() - begun) / busyShare
  }
  return {
    join: (viewer, lastId) => {
      const known = boards.get(viewer.tenant)
      const board = known ?? { viewers: new Map(), known: new Map(), askedAt: new Map(), readAt: 0 }
      boards.set(viewer.tenant, board)
      const [boot, seen] = lastId?.split('.') ?? []
      // Without a board nobody kept count of what changed meanwhile.
      board.viewers.set(viewer, known && boot === parts.boot ? Number(seen) || 0 : 0)
      if (board.readAt > 0) tell(board, viewer)
      stop ??= every(parts.tickMs ?? 1_000, tick)
      return () => leave(viewer)
    },
    viewers: () => [...boards.values()].reduce((sum, board) => sum + board.viewers.size, 0),
    close: async () => {
      const stopping = stop?.()
      for (const board of [...boards.values()]) for (const viewer of [...board.viewers.keys()]) leave(viewer)
      await stopping
    },
  }
}
