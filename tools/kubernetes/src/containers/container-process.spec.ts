import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { temporaryDirectory } from '@watchnext/testing';
import type { ContainerSpec } from './container-arguments';
import { ContainerProcess } from './container-process';
import type { Engine } from './engine';

jest.mock('./container-arguments', () => ({ runArguments: () => ['run'] }));

it('ends a container that the engine knows only later than it is told to stop it', async () => {
  const folder = await temporaryDirectory('container-process');
  try {
    const [engine, asked, stopped] = ['engine', 'asked', 'stopped'].map((name) => join(folder.path, name));
    // "No such container", the first time.
    writeFileSync(
      engine!,
      `#!/bin/sh
if [ "$1" = run ]; then until [ -e '${stopped}' ]; do sleep 0.05; done; exit 7; fi
if [ -e '${asked}' ]; then touch '${stopped}'; exit 0; fi
touch '${asked}'; exit 1
`,
      { mode: 0o755 },
    );
    const spec = { workload: { app: 'gateway', pod: {} }, name: 'gateway-0' } as unknown as ContainerSpec;
    const container = new ContainerProcess({ name: engine } as unknown as Engine, spec, folder.path);
    const ended = container.runToEnd();
    expect(await container.stop()).toBe(7);
    expect(await ended).toBe(7);
    expect(await container.stop()).toBeUndefined();
  } finally {
    await folder.remove();
  }
});
