import { ROOT_CONTEXT, trace, TraceFlags } from '@opentelemetry/api';
import { InMemorySpanExporter, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base';
import { HTTP_METHOD, installTracing, SpanKind, startSpan } from './tracing';

describe('what is traced', () => {
  const parent = (traceFlags: TraceFlags) =>
    trace.setSpanContext(ROOT_CONTEXT, {
      traceId: '0af7651916cd43dd8448eb211c80319c',
      spanId: 'b7ad6b7169203331',
      isRemote: true,
      traceFlags,
    });
  const ofHttp = { kind: SpanKind.SERVER, attributes: { [HTTP_METHOD]: 'GET' } };
  const ofGrpc = { kind: SpanKind.SERVER, attributes: {} };

  it.each([
    ['nothing, whatever a caller over HTTP wants', 0, ofHttp, TraceFlags.SAMPLED, false],
    ['what one of our services traces', 0, ofGrpc, TraceFlags.SAMPLED, true],
    ['all that a caller over HTTP wants', 1, ofHttp, TraceFlags.SAMPLED, true],
    ['nothing that a caller leaves out', 1, ofHttp, TraceFlags.NONE, false],
  ])('is %s, at a share of %s', async (_, share, options, flags, isTraced) => {
    const exporter = new InMemorySpanExporter();
    const stop = await installTracing('spec', new SimpleSpanProcessor(exporter), share);
    startSpan('request', { ...options, parent: parent(flags) })?.end();
    expect(exporter.getFinishedSpans().length > 0).toBe(isTraced);
    await stop();
  });
});
