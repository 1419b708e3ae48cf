/** A service that serves snapshots is reached by its probes while the first one is still being loaded. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { eventually } from '@watchnext/waiting/testing';
import { temporaryDirectory } from '../temporary-directory';
import { publishSnapshot } from './publish-snapshot';

export interface EarlyService<Settings> {
  settingsOf(values: Readonly<Record<string, string>>): Settings;
  snapshotsOf(settings: Settings): string;
  readonly logger: { info(told: object, text: string): void };
  start(settings: Settings): Promise<{ readonly app: { close(): Promise<void> } }>;
  /** Ends the load, which lasts until then, by an error. */
  refuse(): void;
}

export async function expectEarlyListening<Settings>(service: EarlyService<Settings>): Promise<void> {
  const directory = await temporaryDirectory('listening');
  const settings = service.settingsOf({
    WATCHNEXT_DATA_DIR: directory.path,
    WATCHNEXT_GRPC_PORT: '0',
    WATCHNEXT_METRICS_PORT: '0',
  });
  await publishSnapshot(service.snapshotsOf(settings), '20260101T000000Z-aaaaaa', async (folder) => {
    await writeFile(join(folder, 'model.bin'), 'not looked at');
    return {};
  });
  const info = jest.spyOn(service.logger, 'info');
  const portOf = (server: string) =>
    eventually(() => {
      const told = info.mock.calls.find(([, text]) => text === `${server} listening`);
      if (!told) throw new Error(`${server} does not listen`);
      return (told[0] as { port: number }).port;
    });
  let hasStarted = false;
  const started = service.start(settings).finally(() => (hasStarted = true));
  const url = `http://127.0.0.1:${await portOf('metrics')}`;
  expect(await portOf('gRPC')).toBeGreaterThan(0);
  const statusOf = async (path: string) => (await fetch(`${url}${path}`)).status;
  expect([await statusOf('/livez'), await statusOf('/readyz'), await statusOf('/metrics')]).toEqual([200, 503, 200]);
  expect(hasStarted).toBe(false);
  service.refuse();
  await (await started).app.close();
  await directory.remove();
}
