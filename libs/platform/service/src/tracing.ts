/**
 * Traces by OpenTelemetry: one tree of spans for what one request causes, across HTTP, gRPC and the event log. The context
 * travels as W3C `traceparent`: in HTTP headers, in gRPC metadata, in the headers of log records.
 *
 * Off unless an exporter is configured. Then nothing of the SDK is loaded, and each of these functions comes down to one
 * comparison.
 */
import {
  type Attributes,
  type Context,
  context,
  propagation,
  type Span,
  SpanKind,
  SpanStatusCode,
  type TextMapGetter,
  trace,
  type Tracer,
} from '@opentelemetry/api';
import type { Sampler, SpanProcessor } from '@opentelemetry/sdk-trace-base';

export { SpanKind } from '@opentelemetry/api';
export type { Context as TraceContext, Span } from '@opentelemetry/api';

export interface TracingSettings {
  /** Where spans go, over OTLP/HTTP; undefined: nowhere, there are none. */
  readonly WATCHNEXT_OTLP_TRACES_URL?: string | undefined;
  /** Of requests over HTTP that their caller did not ask to leave out, in [0, 1]. */
  readonly WATCHNEXT_TRACE_SHARE: number;
}

/** An attribute that only the spans of HTTP requests to us have. */
export const HTTP_METHOD = 'http.request.method';

let tracer: Tracer | undefined;

/** @returns what ends it: sends the spans that are still here. Does nothing where no exporter is configured. */
export async function startTracing(service: string, settings: TracingSettings): Promise<() => Promise<void>> {
  const { WATCHNEXT_OTLP_TRACES_URL: url, WATCHNEXT_TRACE_SHARE: share } = settings;
  if (url === undefined) return async () => undefined;
  const { OTLPTraceExporter } = await import('@opentelemetry/exporter-trace-otlp-http');
  const { BatchSpanProcessor } = await import('@opentelemetry/sdk-trace-base');
  return installTracing(service, new BatchSpanProcessor(new OTLPTraceExporter({ url })), share);
}

/** Begins to trace into a processor; specs give one that keeps spans in memory. @returns what ends it */
export async function installTracing(
  service: string,
  processor: SpanProcessor,
  share = 1,
): Promise<() => Promise<void>> {
  const sdk = await import('@opentelemetry/sdk-trace-base');
  const { AsyncLocalStorageContextManager } = await import('@opentelemetry/context-async-hooks');
  const { W3CTraceContextPropagator } = await import('@opentelemetry/core');
  const { resourceFromAttributes } = await import('@opentelemetry/resources');
  const provider = new sdk.BasicTracerProvider({
    resource: resourceFromAttributes({ 'service.name': `watchnext-${service}` }),
    sampler: samplerOf(sdk, share),
    spanProcessors: [processor],
  });
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  propagation.setGlobalPropagator(new W3CTraceContextPropagator());
  tracer = provider.getTracer('watchnext');
  return async () => {
    tracer = undefined;
    await provider.shutdown();
    context.disable();
    propagation.disable();
  };
}

/**
 * A caller over HTTP may keep its trace from being taken, but not make us take it: what it asks for is taken in the same share
 * as all else, by the id of the trace, which is why gateway and collector decide alike. Between our services (gRPC, the log)
 * the caller's decision holds.
 */
function samplerOf(sdk: typeof import('@opentelemetry/sdk-trace-base'), share: number): Sampler {
  const root = new sdk.TraceIdRatioBasedSampler(share);
  const within = new sdk.ParentBasedSampler({ root });
  const atDoor = new sdk.ParentBasedSampler({ root, remoteParentSampled: root });
  return {
    shouldSample: (parent, traceId, name, kind, attributes, links) => {
      const isDoor = kind === SpanKind.SERVER && HTTP_METHOD in attributes;
      return (isDoor ? atDoor : within).shouldSample(parent, traceId, name, kind, attributes, links);
    },
    toString: () => `watchnext(${share})`,
  };
}

export const isTracing = (): boolean => tracer !== undefined;

export interface SpanOptions {
  readonly kind?: SpanKind;
  readonly attributes?: Attributes;
  /** Default: what is active here. */
  readonly parent?: Context | undefined;
}

/** Runs work inside a span, which ends with it and tells whether it failed. */
export async function withSpan<T>(name: string, options: SpanOptions, work: () => Promise<T>): Promise<T> {
  if (tracer === undefined) return work();
  const span = startSpan(name, options)!;
  return context.with(trace.setSpan(options.parent ?? context.active(), span), async () => {
    try {
      return await work();
    } catch (error) {
      markFailed(span, error);
      throw error;
    } finally {
      span.end();
    }
  });
}

/** A span that is ended by hand. */
export function startSpan(
  name: string,
  { kind = SpanKind.INTERNAL, attributes = {}, parent }: SpanOptions,
): Span | undefined {
  return tracer?.startSpan(name, { kind, attributes }, parent ?? context.active());
}

export function markFailed(span: Span, error: unknown): void {
  span.setStatus({ code: SpanStatusCode.ERROR, message: error instanceof Error ? error.message : String(error) });
}

/** Runs work as part of a span. */
export function inSpan<T>(span: Span, work: () => T): T {
  return context.with(trace.setSpan(context.active(), span), work);
}

/** Headers that carry the active span to whoever gets them; undefined where nothing is traced. */
export function traceHeaders(): Record<string, string> | undefined {
  if (tracer === undefined) return undefined;
  const headers: Record<string, string> = {};
  propagation.inject(context.active(), headers);
  return Object.keys(headers).length > 0 ? headers : undefined;
}

const GETTER: TextMapGetter<(name: string) => string | undefined> = {
  keys: () => [],
  get: (carrier, name) => carrier(name),
};

/** The sender's span; undefined where nothing is traced. @param read a header by its name */
export function traceContextOf(read: (name: string) => string | undefined): Context | undefined {
  return tracer === undefined ? undefined : propagation.extract(context.active(), read, GETTER);
}

/** For logs: the trace that the line is part of. */
export function traceIds(): Record<string, string> {
  if (tracer === undefined) return {};
  const active = trace.getSpanContext(context.active());
  return active ? { traceId: active.traceId, spanId: active.spanId } : {};
}
