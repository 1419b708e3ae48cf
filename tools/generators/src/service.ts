import { join } from 'node:path';
import { generateFiles, readJson, type Tree } from '@nx/devkit';
import { changedPaths, format, linkPackage, say, syncReferences } from './afterwards';
import { addReference, camelCase, insertAfter, pascalCase, requireKebabCase, requireTeam } from './edit';

export interface ServiceOptions {
  readonly name: string;
  readonly team: string;
  readonly newTeam?: boolean;
  readonly port?: number;
}

/** Where the versions of what it depends on are taken from. */
const LIKE = 'apps/ingestion/package.json';
const DEPENDENCIES = ['@nestjs/common', 'reflect-metadata', 'rxjs', 'tslib', 'zod'];

/** @throws NameError, AnchorError */
export default async function service(
  tree: Tree,
  { name, team, newTeam = false, port }: ServiceOptions,
): Promise<() => void> {
  const root = `apps/${name}`;
  requireKebabCase(tree, name, root);
  requireTeam(tree, team, newTeam);
  const { dependencies } = readJson<{ dependencies: Record<string, string> }>(tree, LIKE);
  generateFiles(tree, join(__dirname, '..', 'files', 'service'), root, {
    name,
    team,
    port: port ?? nextPort(tree),
    camelName: camelCase(name),
    pascalName: pascalCase(name),
    metricName: name.replaceAll('-', '_'),
    dependencies: DEPENDENCIES.map((dependency) => `    "${dependency}": "${dependencies[dependency]}"`).join(',\n'),
    tmpl: '',
  });
  tree.write(`docs/runbooks/${name}.md`, runbook(name));
  addReference(tree, root);
  const owners = `/apps/${name}/`.padEnd(36);
  insertAfter(
    tree,
    'CODEOWNERS',
    '# One team for each service, and for the libraries that are mostly its own.\n',
    `${owners}@watchnext/${team}\n`,
  );
  const changed = changedPaths(tree);
  return () => {
    linkPackage(tree, name, root);
    format(tree, changed);
    syncReferences(tree);
    say(
      `${root} is there. Next:`,
      '  npm install --package-lock-only   # names it in the lock file',
      '  npm run describe                  # fills the tables of its README',
      `  npx jest --selectProjects ${name}`,
      `  tools/dev/src/apps                # what npm run dev -- ${name} runs it against`,
      ...(newTeam ? [`  @watchnext/${team}  # the team is new: whoever hosts the code has to know it`] : []),
      '  infra/kubernetes                  # its Deployment, and who may talk to it',
    );
  };
}

/** One above the highest default that an app has. */
function nextPort(tree: Tree): number {
  const ports = tree.children('apps').flatMap((app) => {
    const settings = tree.read(`apps/${app}/src/config.ts`, 'utf8') ?? '';
    return [...settings.matchAll(/\bport\((\d+)\)/g)].map(([, number]) => Number(number));
  });
  return Math.max(7_000, ...ports) + 1;
}

const runbook = (name: string) => `# ${name}

What it is: [README](../../apps/${name}/README.md).

| symptom | look at | do |
|---|---|---|
| not ready | \`/readyz\`, its log | |
| does not answer | \`/livez\`, \`watchnext_event_loop_lag_seconds\` | |
`;
