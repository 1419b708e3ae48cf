import { LogUnavailableError } from '@watchnext/event-log';
import { Readiness } from './readiness';
import type { PopularSnapshots } from './sources/popular-snapshot';
import type { Catalogue } from './sources/catalogue';

describe('readiness', () => {
  const make = () =>
    new Readiness({ size: 3 } as Catalogue, { current: () => undefined } as unknown as PopularSnapshots, {
      isStopping: false,
    });

  it.each([
    ['the code of what the log said', new LogUnavailableError('10.0.0.7:9092 refused'), 'log-unavailable'],
    ['nothing of what is no failure of the log', new Error('10.0.0.7: no'), 'failed'],
  ])('tells %s, and no address', (_, error, reason) => {
    const readiness = make();
    readiness.markWaiting(error);
    expect(readiness.report()).toEqual({
      ready: false,
      waiting: `the catalogue cannot be read: ${reason}`,
      catalogueVideos: 3,
      snapshotId: null,
    });
  });

  it('is there once the catalogue is read', () => {
    const readiness = make();
    expect(readiness.report()).toMatchObject({ ready: false, waiting: 'the catalogue is being read' });
    readiness.markWaiting(new LogUnavailableError('down'));
    readiness.markCatalogueRead();
    expect(readiness.report()).toEqual({ ready: true, catalogueVideos: 3, snapshotId: null });
  });
});
