import { createServer } from 'node:http'

export type ReceivedSpan = {
  traceId: string
  spanId: string
  parentSpanId?: string
  name: string
  startTimeUnixNano: string
  endTimeUnixNano: string
  attributes: { key: string; value: { stringValue?: string; intValue?: number } }[]
}
type Export = { resourceSpans: { scopeSpans: { spans: ReceivedSpan[] }[] }[] }

/** As much of a collector as takes OTLP over HTTP in JSON. `text`: everything as it came. */
export const traceReceiver = async () => {
  const spans: ReceivedSpan[] = []
  let text = ''
  const server = createServer((request, response) => {
    let body = ''
    request.on('data', chunk => (body += String(chunk)))
    request.on('end', () => {
      text += body
      const { resourceSpans } = JSON.parse(body) as Export
      spans.push(...resourceSpans.flatMap(one => one.scopeSpans).flatMap(one => one.spans))
      response.writeHead(200, { 'content-type': 'application/json' }).end('{}')
    })
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', () => resolve()))
  const { port } = server.address() as { port: number }
  return {
    otlpUrl: `http://127.0.0.1:${port}/v1/traces`,
    spans: (traceId: string) => spans.filter(span => span.traceId === traceId),
    text: () => text,
    close: () =>
      new Promise<void>(resolve => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

/** One line a span, children under their parents, in ms since the first one began. */
export const drawTrace = (spans: ReceivedSpan[]): string => {
  const startMs = (span: ReceivedSpan) => Number(BigInt(span.startTimeUnixNano) / 1_000n) / 1_000
  const endMs = (span: ReceivedSpan) => Number(BigInt(span.endTimeUnixNano) / 1_000n) / 1_000
  const sorted = [...spans].sort((a, b) => startMs(a) - startMs(b))
  const first = sorted[0] ? startMs(sorted[0]) : 0
  const ids = new Set(sorted.map(one => one.spanId))
  const under = (parent: string | undefined, depth: number): string[] =>
    sorted
      .filter(one => (parent === undefined ? !ids.has(one.parentSpanId ?? '') : one.parentSpanId === parent))
      .flatMap(one => {
        const said = one.attributes.map(({ key, value }) => `${key}=${value.stringValue ?? value.intValue}`).join(' ')
        const at = `${(startMs(one) - first).toFixed(1)} ms`.padStart(10)
        const took = `${(endMs(one) - startMs(one)).toFixed(1)} ms`.padStart(10)
        return [`${at} ${took}  ${'  '.repeat(depth)}${one.name}  ${said}`, ...under(one.spanId, depth + 1)]
      })
  return ['     begun       took', ...under(undefined, 0)].join('\n')
}
