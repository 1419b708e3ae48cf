/** What an engine is told of each pod, and what is said where there is no engine: without one. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describeUnlessMissing } from '@watchnext/testing';
import { environmentOf, missingForManifests, REPOSITORY, type Workload, workloadsOf } from '../src';
import { type Mount, mountVolumes, runArguments } from '../src/containers/container-arguments';
import { differences } from '../src/images/check';
import { built } from './built';

let directory: string;
beforeEach(() => (directory = mkdtempSync(join(tmpdir(), 'watchnext-containers-'))));
afterEach(() => rmSync(directory, { recursive: true, force: true }));

describeUnlessMissing(missingForManifests(), 'a container of a pod', () => {
  const objects = () => built('overlays/production');
  const workload = (name: string) => workloadsOf(objects()).find((one) => one.name === name) as Workload;
  const of = (name: string, environment: Record<string, string> = {}, mounts: Mount[] = []) => ({
    workload: workload(name),
    image: `watchnext/${name}:1`,
    name: `${name}-0`,
    environment,
    mounts,
  });

  it('has the user, the rights and the memory of the manifest', () => {
    const text = runArguments('docker', of('gateway')).join(' ');
    expect(text).toBe(
      'run --rm --name gateway-0 --network host --user 10001:10001 --read-only --security-opt no-new-privileges ' +
        '--cap-drop ALL --memory 2g watchnext/gateway:1',
    );
  });

  it('has nothing over its read-only folders that Podman would put there', () => {
    expect(runArguments('podman', of('gateway'))).toContain('--read-only-tmpfs=false');
  });

  it('is given its settings, its volumes and its program', () => {
    const mounts = [{ target: '/etc/a', source: '/here/a' }, { target: '/var/b' }];
    const text = runArguments('docker', of('trainer', { WATCHNEXT_A: 'a b', WATCHNEXT_B: '' }, mounts));
    expect(text.slice(text.indexOf('--volume'))).toEqual([
      ...['--volume', '/here/a:/etc/a:ro', '--tmpfs', '/var/b:rw,exec,mode=1777'],
      ...['--env', 'WATCHNEXT_A=a b', '--env', 'WATCHNEXT_B='],
      ...['watchnext/trainer:1', 'apps/trainer/dist/main.js', '--once'],
    ]);
  });

  it('is refused where the manifest asks for what no argument stands for', () => {
    const gateway = workload('gateway');
    const privileged = { ...gateway.container, securityContext: { privileged: true } };
    expect(() => runArguments('docker', { ...of('gateway'), workload: { ...gateway, container: privileged } })).toThrow(
      'gateway: securityContext.privileged is not known here',
    );
  });

  it('finds each file where the manifest says, and an empty volume where it may write', () => {
    for (const one of workloadsOf(objects())) {
      const paths = [...environmentOf(one, objects())].filter(([name]) => /_(FILE|DIR)$/.test(name));
      const settings = Object.fromEntries(
        paths.map(([name]) => {
          const local = join(directory, name);
          writeFileSync(local, `${name} of this machine`, { mode: 0o600 });
          return [name, local];
        }),
      );
      const folder = join(directory, one.name);
      const { mounts, environment } = mountVolumes(one, objects(), { ...settings, WATCHNEXT_A: 'a' }, folder);
      expect(environment).toEqual({
        ...Object.fromEntries(paths.map(([name, { value }]) => [name, value])),
        WATCHNEXT_A: 'a',
      });
      expect(mounts.map(({ target, source }) => [target, source !== undefined])).toEqual(
        one.container.volumeMounts.map(({ mountPath, readOnly }: { mountPath: string; readOnly?: boolean }) => [
          mountPath,
          readOnly === true,
        ]),
      );
      for (const [name, { value }] of paths.filter(([name]) => name.endsWith('_FILE'))) {
        const mount = mounts.find(({ target }) => value.startsWith(`${target}/`)) as Required<Mount>;
        const file = join(mount.source, value.slice(mount.target.length));
        expect(readFileSync(file, 'utf8')).toBe(`${name} of this machine`);
        // Whoever the container runs as.
        expect(statSync(file).mode & 0o004).toBe(0o004);
      }
    }
  });

  it('is refused a file that nothing is mounted for', () => {
    const retrieval = workload('retrieval');
    const container = { ...retrieval.container, volumeMounts: [] };
    expect(() =>
      mountVolumes({ ...retrieval, container }, objects(), { WATCHNEXT_KAFKA_TLS_CA_FILE: '/here' }, directory),
    ).toThrow('nothing is mounted where WATCHNEXT_KAFKA_TLS_CA_FILE points to, /etc/watchnext/kafka-ca/ca.crt');
  });

  it('is good with just what the manifest gives it, and told of whatever differs', () => {
    const mounts = [{ target: '/etc/a', source: '/here/a' }, { target: '/tmp' }];
    const good = {
      node: 'v24.0.0',
      userId: 10_001,
      groupId: 10_001,
      capabilities: '0000000000000000',
      noNewPrivileges: '1',
      writable: ['/tmp'],
    };
    expect(differences(good, workload('gateway'), mounts)).toEqual([]);
    expect(differences({ ...good, userId: 0, writable: ['/app', '/tmp'] }, workload('gateway'), mounts)).toEqual([
      'userId inside is 0, not 10001',
      'writable inside is ["/app","/tmp"], not ["/tmp"]',
    ]);
  });
});

describe('npm run images', () => {
  /** @param engines names of programs, and what each is: a shell script */
  const run = (args: readonly string[], engines: Readonly<Record<string, string>> = {}) => {
    for (const [name, script] of Object.entries(engines))
      writeFileSync(join(directory, name), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
    const main = join(REPOSITORY, 'tools', 'kubernetes', 'dist', 'images', 'main.js');
    const { status, stdout, stderr } = spawnSync(process.execPath, [main, ...args], {
      encoding: 'utf8',
      env: { ...process.env, PATH: `${directory}:/usr/bin:/bin` },
    });
    return { status, stdout, stderr };
  };

  it.each([
    [['gatewai'], /'gatewai' is invalid.*Allowed choices are gateway, ingestion, ranking, retrieval, trainer/],
    [['--engine', 'rkt'], /'rkt' is invalid.*Allowed choices are docker, podman/],
  ])('%j ends with 2', (args, message) => {
    expect(run(args)).toEqual({ status: 2, stdout: '', stderr: expect.stringMatching(message) });
  });

  it('tells what each engine said where none answers', () => {
    const deaf = { docker: 'echo "no daemon is running" >&2; exit 1', podman: 'echo "no storage" >&2; exit 125' };
    const { status, stderr } = run([], { ...deaf, kubectl: 'exit 0' });
    expect([status, stderr]).toEqual([
      1,
      'no container engine answers (docker: no daemon is running; podman: no storage)\n',
    ]);
  });
});
