/** npm run images: builds the apps' images with a container engine, and runs each as the manifests have it run. */
import { allowClosedOutput, endOnUsage } from '@watchnext/command-line';
import { endByFailure } from '@watchnext/config';
import { Argument, Command, Option } from 'commander';
import { Engine, type EngineName, ENGINES } from '../containers/engine';
import { buildRoot, missingForManifests } from '../objects';
import { type App, APPS } from '../pods';
import { checkImage } from './check';

interface Options {
  engine?: EngineName;
  nodeImage?: string;
  prefix: string;
  tag: string;
  build: boolean;
}

async function run(apps: App[], { engine: wanted, nodeImage, prefix, tag, build }: Options): Promise<void> {
  const missing = missingForManifests();
  if (missing.length > 0) throw new Error(`missing: ${missing.join(', ')}`);
  const engine = Engine.find(wanted);
  const objects = buildRoot('overlays/local');
  for (const app of apps.length > 0 ? apps : APPS) {
    const image = `${prefix}${app}:${tag}`;
    if (build) {
      console.error(`  builds ${image}`);
      engine.build(app, image, nodeImage);
    }
    console.error(`  runs ${image}`);
    const wrong = await checkImage(engine, app, image, objects);
    console.log(`${image}: ${(engine.size(image) / 1e6).toFixed(0)} MB, ${wrong.length === 0 ? 'good' : 'not good'}`);
    for (const one of wrong) console.log(`  ${one}`);
    if (wrong.length > 0) process.exitCode = 1;
  }
}

allowClosedOutput();

new Command('images')
  .exitOverride(endOnUsage)
  .description(
    'Builds the image of each app and runs it as the manifests have it run: their user, no capabilities, a root file system ' +
      'that is read only, their volumes and memory. It has to be alive and to end with 0 after SIGTERM. Ends with 1 if one is not good.',
  )
  .addArgument(new Argument('[app...]', 'default: all').choices(APPS))
  .addOption(new Option('--engine <name>', 'default: the first that answers').choices(ENGINES))
  .option('--node-image <name>', 'instead of node:24-bookworm; there has to be one with "-slim" at the end of its name')
  .option('--prefix <text>', 'of the names of images', 'watchnext/')
  .option('--tag <tag>', 'of the images', '0.1.0')
  .option('--no-build', 'runs images that are there')
  .action(run)
  .parseAsync()
  .catch((thrown: unknown) => endByFailure(thrown));
