import { type StoreUsage, StoreUnavailableError } from '@watchnext/feature-store';
import { createLogger } from '@watchnext/service';
import { Metrics } from '../metrics';
import { StoreUsageMeter } from './store-usage';

describe('how full the feature store is', () => {
  const usage = jest.fn<Promise<StoreUsage>, [number]>();
  const warn = jest.fn();
  let metrics: Metrics;
  let meter: StoreUsageMeter;
  const shown = (name: string) =>
    Number(new RegExp(`^watchnext_ingestion_feature_store_${name} (\\S+)$`, 'm').exec(metrics.render())?.[1]);
  beforeEach(() => {
    jest.resetAllMocks();
    metrics = new Metrics();
    const logger = Object.assign(createLogger('spec', { level: 'silent', format: 'json' }), { warn });
    meter = new StoreUsageMeter({ store: { usage }, partitionCount: 12, metrics, logger });
  });

  it('is shown as viewers and as a share of the memory', async () => {
    usage.mockResolvedValue({ userCount: 700_000, memoryShare: 0.75 });
    await meter.ask();
    expect([shown('viewers'), shown('memory_ratio')]).toEqual([700_000, 0.75]);
    expect(usage).toHaveBeenCalledWith(12);
  });

  it('is not shown where the memory has no bound, or while the store does not answer, which is said once', async () => {
    usage.mockResolvedValueOnce({ userCount: 3, memoryShare: undefined });
    await meter.ask();
    expect([shown('viewers'), shown('memory_ratio')]).toEqual([3, NaN]);
    usage.mockRejectedValueOnce(new StoreUnavailableError('down')).mockRejectedValueOnce(new Error('NOPERM'));
    await meter.ask();
    await meter.ask();
    expect([shown('viewers'), warn.mock.calls.length]).toEqual([NaN, 1]);
    usage.mockResolvedValueOnce({ userCount: 4, memoryShare: 0.5 });
    await meter.ask();
    expect([shown('viewers'), shown('memory_ratio')]).toEqual([4, 0.5]);
  });
});
