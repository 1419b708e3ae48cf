/** What is left of an ingestion that is told to stop while it starts. */
import { temporaryDirectory } from '@watchnext/testing';
import { ingestionSettings } from '../src/config';
import { Ingestion } from '../src/ingestion';
import { startIngestion } from '../src/start';
import { quiet } from './harness';

describe('ingestion that is told to stop while it starts', () => {
  afterEach(() => jest.restoreAllMocks());

  it('begins nothing, and its probes hear nobody once it is closed', async () => {
    const directory = await temporaryDirectory('ingestion-stopped');
    const begun = jest.spyOn(Ingestion.prototype, 'begin');
    const stopping = new AbortController();
    let probesPort: number | undefined;
    jest.spyOn(quiet, 'info').mockImplementation(((facts: { port: number }, text: string) => {
      if (text !== 'metrics listening') return;
      probesPort = facts.port;
      stopping.abort();
    }) as typeof quiet.info);
    const settings = ingestionSettings.parse({
      WATCHNEXT_DATA_DIR: directory.path,
      WATCHNEXT_HTTP_PORT: '0',
      WATCHNEXT_METRICS_PORT: '0',
    });
    const { app } = await startIngestion(settings, quiet, stopping.signal);
    await app.close();
    expect(probesPort).toBeGreaterThan(0);
    await expect(fetch(`http://127.0.0.1:${probesPort}/livez`)).rejects.toThrow();
    expect(begun).not.toHaveBeenCalled();
    await directory.remove();
  });
});
