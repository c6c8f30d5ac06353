/** Server-Sent Events over fetch: EventSource cannot send the token in a header, and a cookie would go to every port of a host. */
export type StreamMessage = { event: string; data: string; id: string | undefined }

/** Feeds on chunks as they come; a message may be cut anywhere. */
export const messageParser = (onMessage: (message: StreamMessage) => void): ((chunk: string) => void) => {
  let rest = ''
  let event = 'message'
  let id: string | undefined
  let data: string[] = []
  const line = (text: string) => {
    if (text === '') {
      if (data.length > 0) onMessage({ event, data: data.join('\n'), id })
      event = 'message'
      data = []
      return
    }
    const colon = text.indexOf(':')
    if (colon === 0) return
    const field = colon < 0 ? text : text.slice(0, colon)
    const value = colon < 0 ? '' : text.slice(colon + 1).replace(/^ /, '')
    if (field === 'event') event = value
    else if (field === 'id') id = value
    else if (field === 'data') data.push(value)
  }
  return chunk => {
    const lines = (rest + chunk).split('\n')
    rest = lines.pop() ?? ''
    for (const one of lines) line(one.replace(/\r$/, ''))
  }
}

/** 0.5 s at first, ten at most, never two pages in step. */
export const reconnectMs = (failures: number, random: number): number =>
  Math.min(10_000, 500 * 2 ** Math.min(failures, 6)) * (0.75 + random / 2)
