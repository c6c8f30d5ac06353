import type { Fact } from '../../schemas/facts.ts'

/** W3C Trace Context: which span something belongs to, as it travels in headers. */
export type TraceParent = string
export type SpanAttributes = Record<string, string | number | undefined>
export type SpanOrigin = {
  /** Caused by it: the same trace. */
  parent?: TraceParent | undefined
  /** Caused by it too long ago to be one story: a trace of its own that names it. */
  link?: TraceParent | undefined
}

/** Ids, stores, operations and outcomes only. It never throws and never waits: a kill is not held up by being watched. */
export type Tracing = {
  /** Runs the work in a span. Without an origin it belongs to the span that it is called in. `result`: what is told of its end. */
  span<T>(
    name: string,
    attributes: SpanAttributes,
    work: () => Promise<T>,
    origin?: SpanOrigin,
    result?: (value: T) => SpanAttributes,
  ): Promise<T>
  current(): TraceParent | undefined
}

export const noTracing: Tracing = { span: (_name, _attributes, work) => work(), current: () => undefined }

/**
 * Facts are content-addressed, and a duplicate must stay one: so the trace is no part of a fact. It lies beside it here, and
 * in a header of its record.
 */
const traces = new WeakMap<object, TraceParent>()
export const bindTrace = <F extends object>(facts: F[], parent: TraceParent | undefined): F[] => {
  if (parent !== undefined) for (const fact of facts) traces.set(fact, parent)
  return facts
}
export const traceOf = (fact: object): TraceParent | undefined => traces.get(fact)

/** Whose end a fact is, as the work will ask for it. */
export const endSubject = (fact: Fact): string | undefined => {
  if (fact.kind === 'session.ended' || fact.kind === 'task.ended') return fact.sid
  return fact.kind === 'forced' ? fact.cid : undefined
}

const wellFormed = /^00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$/
/** From headers of HTTP or Kafka, or from the CloudEvents distributed tracing extension. Anything else is no trace. */
export const traceParentOf = (headers: Record<string, string | undefined>): TraceParent | undefined => {
  const found = headers.ce_traceparent ?? headers['ce-traceparent'] ?? headers.traceparent
  return found !== undefined && wellFormed.test(found) ? found : undefined
}
