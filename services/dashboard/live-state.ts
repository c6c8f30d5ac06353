import type { PageChange, PageSections, PageTrouble } from '../../schemas/http-page.ts'
import { messageParser, reconnectMs } from './event-stream.ts'
import type { Heard } from './freshness.ts'
import { ask, NotAllowed } from './session.ts'

/** What was heard last, and nothing older: the page holds one state, however long it stays open. */
export type LiveState = {
  sections: Partial<PageSections>
  heard: Heard | undefined
  trouble: string | undefined
}
export type Live = { state: LiveState; stop(): void }

const silentMs = 20_000

/** Follows the stream until `stop`; comes back by itself. `onRefused`: the token is not (or no longer) good. */
export const followLive = (on: {
  change(changed: (keyof PageSections)[]): void
  refused(error: NotAllowed): void
}): Live => {
  const state: LiveState = { sections: {}, heard: undefined, trouble: undefined }
  const ended = new AbortController()
  let lastId: string | undefined
  let failures = 0

  const onMessage = (event: string, data: string) => {
    failures = 0
    if (event === 'change') {
      const { at, readAt, sections } = JSON.parse(data) as PageChange
      state.heard = { receivedAt: Date.now(), serverAt: at, readAt }
      state.trouble = undefined
      Object.assign(state.sections, sections)
      on.change(Object.keys(sections) as (keyof PageSections)[])
    } else if (event === 'trouble') {
      state.trouble = (JSON.parse(data) as PageTrouble).message
      on.change([])
    }
  }
  const follow = async () => {
    const silence = new AbortController()
    let timer = setTimeout(() => silence.abort(), silentMs)
    const headers = { accept: 'text/event-stream', ...(lastId === undefined ? {} : { 'last-event-id': lastId }) }
    try {
      const answer = await ask('/v1/stream', headers, AbortSignal.any([ended.signal, silence.signal]))
      const parse = messageParser(({ event, data, id }) => {
        onMessage(event, data)
        lastId = id ?? lastId
      })
      const reader = answer.body?.pipeThrough(new TextDecoderStream()).getReader()
      for (;;) {
        const { done, value = '' } = (await reader?.read()) ?? { done: true }
        clearTimeout(timer)
        if (done) return
        timer = setTimeout(() => silence.abort(), silentMs)
        parse(value)
      }
    } finally {
      clearTimeout(timer)
    }
  }
  const run = async () => {
    while (!ended.signal.aborted) {
      try {
        await follow()
      } catch (error) {
        if (ended.signal.aborted) return
        if (error instanceof NotAllowed) return on.refused(error)
        // A state of another start means nothing to the next one.
        if (failures > 0) lastId = undefined
        state.trouble = 'Curfew cannot be reached.'
        on.change([])
      }
      failures += 1
      await pause(reconnectMs(failures, Math.random()), ended.signal)
    }
  }
  void run()
  return { state, stop: () => ended.abort() }
}

/** Cut short when the network or the tab comes back: whoever looks now should not wait. */
const pause = (ms: number, signal: AbortSignal) =>
  new Promise<void>(resolve => {
    const done = () => {
      clearTimeout(timer)
      removeEventListener('online', done)
      document.removeEventListener('visibilitychange', done)
      signal.removeEventListener('abort', done)
      resolve()
    }
    const timer = setTimeout(done, ms)
    addEventListener('online', done)
    document.addEventListener('visibilitychange', done)
    signal.addEventListener('abort', done)
  })
