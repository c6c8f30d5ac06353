import { AsyncLocalStorage } from 'node:async_hooks'
import {
  type Attributes,
  ROOT_CONTEXT,
  type Span,
  type SpanContext,
  SpanKind,
  SpanStatusCode,
  trace,
} from '@opentelemetry/api'
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http'
import { resourceFromAttributes } from '@opentelemetry/resources'
import { BatchSpanProcessor, type SpanExporter, TracerProvider } from '@opentelemetry/sdk-trace'
import type { SpanAttributes, SpanOrigin, TraceParent, Tracing } from '../pipeline/tracing.ts'

export type OpenTracing = Tracing & { close(): Promise<void> }

/** Sent in the background, a second's worth at once; what does not fit or is not taken is dropped. */
export const openTracing = (otlpUrl: string, roles: string): OpenTracing =>
  tracingTo(new OTLPTraceExporter({ url: otlpUrl, timeoutMillis: 2_000 }), roles)

export const tracingTo = (exporter: SpanExporter, roles: string): OpenTracing => {
  const provider = new TracerProvider({
    resource: resourceFromAttributes({ 'service.name': 'curfew', 'service.instance.id': `${roles}-${process.pid}` }),
    spanProcessors: [new BatchSpanProcessor({ exporter, scheduledDelayMillis: 1_000, exportTimeoutMillis: 2_000 })],
  })
  const tracer = provider.getTracer('curfew')
  const inside = new AsyncLocalStorage<Span>()

  const open = (name: string, attributes: SpanAttributes, { parent, link }: SpanOrigin): Span => {
    const parentContext = parent === undefined ? inside.getStore()?.spanContext() : contextOf(parent)
    const linked = link === undefined ? undefined : contextOf(link)
    const from = parentContext ? trace.setSpanContext(ROOT_CONTEXT, parentContext) : ROOT_CONTEXT
    return tracer.startSpan(
      name,
      {
        kind: SpanKind.INTERNAL,
        attributes: known(attributes),
        ...(linked ? { links: [{ context: linked }] } : {}),
        root: link !== undefined,
      },
      from,
    )
  }
  return {
    span: async (name, attributes, work, origin = {}, result) => {
      const span = open(name, attributes, origin)
      try {
        const value = await inside.run(span, work)
        if (result) span.setAttributes(known(result(value)))
        return value
      } catch (error) {
        // The class of the error, never its text.
        span.setStatus({ code: SpanStatusCode.ERROR, message: error instanceof Error ? error.name : 'error' })
        throw error
      } finally {
        span.end()
      }
    },
    current: () => {
      const span = inside.getStore()
      return span && traceParent(span.spanContext())
    },
    close: () => provider.shutdown().catch(() => undefined),
  }
}

const known = (attributes: SpanAttributes): Attributes =>
  Object.fromEntries(Object.entries(attributes).filter(([, value]) => value !== undefined)) as Attributes

const traceParent = ({ traceId, spanId, traceFlags }: SpanContext): TraceParent =>
  `00-${traceId}-${spanId}-${traceFlags.toString(16).padStart(2, '0')}`

const contextOf = (parent: TraceParent): SpanContext | undefined => {
  const [, traceId = '', spanId = '', flags = '01'] = parent.split('-')
  return { traceId, spanId, traceFlags: Number.parseInt(flags, 16), isRemote: true }
}
