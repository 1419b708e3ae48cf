/** Container engines, by their command lines: docker, podman. */
import { type SpawnSyncReturns, spawnSync } from 'node:child_process';
import { join } from 'node:path';
import type { App } from '../pods';
import { REPOSITORY } from '../source-facts';

const DOCKERFILE = join(REPOSITORY, 'infra', 'docker', 'Dockerfile');

export const ENGINES = ['docker', 'podman'] as const;
export type EngineName = (typeof ENGINES)[number];

export class Engine {
  private constructor(readonly name: EngineName) {}

  /**
   * @param wanted default: the first that answers
   * @throws Error where it does not answer, or none does
   */
  static find(wanted?: EngineName): Engine {
    const tried = wanted === undefined ? ENGINES : [wanted];
    const reasons: string[] = [];
    for (const name of tried) {
      // Clients are there without engines: "docker --version" says nothing.
      const { status, error, stderr } = spawnSync(name, ['info'], { encoding: 'utf8' });
      if (status === 0) return new Engine(name);
      reasons.push(`${name}: ${error ? 'is not installed' : (stderr.trim().split('\n').at(-1) ?? 'does not answer')}`);
    }
    throw new Error(`no container engine answers (${reasons.join('; ')})`);
  }

  /**
   * Builds an app's image; what the engine says goes to stderr.
   * @param nodeImage with Node, a C++ compiler, make and Python; the same name with "-slim" at its end has Node alone
   * @throws Error where it cannot be built
   */
  build(app: App, image: string, nodeImage: string | undefined): void {
    const { status } = this.run(
      [
        'build',
        ...['--file', DOCKERFILE, '--build-arg', `APP=${app}`, '--tag', image],
        ...(nodeImage === undefined ? [] : ['--build-arg', `NODE_IMAGE=${nodeImage}`]),
        REPOSITORY,
      ],
      'shown',
    );
    if (status !== 0) throw new Error(`${this.name} could not build the image of ${app}; what it said stands above`);
  }

  /** @returns bytes of all layers @throws Error where there is no such image */
  size(image: string): number {
    return Number(this.ask(['image', 'inspect', '--format', '{{.Size}}', image]));
  }

  /** @throws Error with the last of what the engine said */
  ask(args: readonly string[]): string {
    const { status, stdout, stderr } = this.run(args);
    if (status !== 0)
      throw new Error(`${this.name} ${args.slice(0, 2).join(' ')}: ${stderr.trim().split('\n').at(-1)}`);
    return stdout.trim();
  }

  run(args: readonly string[], output: 'kept' | 'shown' = 'kept'): SpawnSyncReturns<string> {
    const stdio = output === 'kept' ? 'pipe' : (['ignore', 2, 2] as const);
    return spawnSync(this.name, args, { encoding: 'utf8', stdio: stdio as never });
  }
}
