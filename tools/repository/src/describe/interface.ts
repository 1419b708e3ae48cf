/** What an app answers to: HTTP routes from its controllers, calls from its proto, metrics from its `metrics.ts`. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';
import { commentOf, literalsOf, objectNamed, parse, ROOT, sourcesUnder, textOf, visit } from './sources';

export interface Route {
  readonly method: string;
  readonly path: string;
  readonly what: string;
}

const METHODS = new Set(['Get', 'Post', 'Put', 'Patch', 'Delete']);

/** What probes are for is the same in every app. */
const PROBES: Readonly<Record<string, string>> = {
  '/livez': 'Whether the process should be left running.',
  '/readyz': 'Whether it may be sent requests.',
  '/metrics': 'Metrics in Prometheus’ text format.',
};

export function routesOf(app: string): Route[] {
  const routes: Route[] = [];
  for (const path of sourcesUnder(join(ROOT, 'apps', app, 'src'))) {
    if (!path.endsWith('.controller.ts')) continue;
    visit(parse(path), (node) => {
      if (!ts.isClassDeclaration(node)) return;
      const controller = decoratorNamed(node, (name) => name === 'Controller');
      if (controller === undefined) return;
      for (const member of node.members) routes.push(...routesOfMethod(textOf(controller.arguments[0]) ?? '', member));
    });
  }
  return routes;
}

function routesOfMethod(prefix: string, member: ts.ClassElement): Route[] {
  const route = decoratorNamed(member, (name) => METHODS.has(name));
  if (route === undefined) return [];
  const path = `/${[prefix, textOf(route.arguments[0]) ?? ''].filter(Boolean).join('/')}`;
  const documented = decoratorNamed(member, (name) => name === 'Documented' || name === 'ApiOperation');
  const [description] = documented?.arguments ?? [];
  const summary =
    description && ts.isObjectLiteralExpression(description) ? literalsOf(description).get('summary') : undefined;
  const what = summary ?? PROBES[path] ?? commentOf(member);
  return [{ method: route.expression.getText().toUpperCase(), path, what }];
}

function decoratorNamed(node: ts.Node, matches: (name: string) => boolean): ts.CallExpression | undefined {
  const decorators = ts.canHaveDecorators(node) ? (ts.getDecorators(node) ?? []) : [];
  return decorators
    .map(({ expression }) => expression)
    .filter(ts.isCallExpression)
    .find(({ expression }) => matches(expression.getText()));
}

export interface Rpc {
  readonly service: string;
  readonly name: string;
  readonly what: string;
}

/** Of the proto package that is named like the app. */
export function rpcsOf(app: string): Rpc[] {
  const path = join(ROOT, 'libs', 'contract', 'proto', 'watchnext', app, 'v1', `${app}.proto`);
  if (!existsSync(path)) return [];
  const text = readFileSync(path, 'utf8');
  const [, service = ''] = /^service (\w+)/m.exec(text) ?? [];
  return [...text.matchAll(/((?:^ *\/\/.*\n)*)^ *rpc (\w+)\(/gm)].map(([, comment = '', name = '']) => ({
    service: `watchnext.${app}.v1.${service}`,
    name,
    what: comment
      .replace(/^ *\/\/ */gm, '')
      .replace(/\s+/g, ' ')
      .trim(),
  }));
}

export interface Metric {
  readonly name: string;
  readonly kind: 'counter' | 'gauge' | 'histogram' | '';
  readonly what: string;
}

const KIND_OF_CALL = {
  count: 'counter',
  counterFrom: 'counter',
  observe: 'histogram',
  gauge: 'gauge',
  gaugeSeries: 'gauge',
} as const;

/** Of the app alone; none for one without a `metrics.ts`. */
export function metricsOf(app: string): Metric[] {
  const folder = join(ROOT, 'apps', app, 'src');
  const path = join(folder, 'metrics.ts');
  return existsSync(path) ? metricsIn(path, 'METRICS', 'HELP', folder) : [];
}

/** What every service has. */
export function sharedMetrics(): Metric[] {
  const folder = join(ROOT, 'libs', 'platform', 'service', 'src');
  return metricsIn(join(folder, 'metric-names.ts'), 'SERVICE_METRICS', 'SERVICE_HELP', folder);
}

/** Names and sentences from two constants, kinds from how the sources in the folder use them. */
function metricsIn(path: string, namesConstant: string, helpConstant: string, folder: string): Metric[] {
  const file = parse(path);
  const names = objectNamed(file, namesConstant);
  if (names === undefined) throw new Error(`${path} has no constant ${namesConstant}`);
  const help = objectNamed(file, helpConstant);
  const sentences = help === undefined ? new Map<string, string>() : literalsOf(help);
  const uses = sourcesUnder(folder)
    .map((source) => readFileSync(source, 'utf8'))
    .join('\n');
  return [...literalsOf(names)].map(([key, name]) => {
    const use = new RegExp(`\\.(${Object.keys(KIND_OF_CALL).join('|')})\\(\\s*${namesConstant}\\.${key}\\b`).exec(uses);
    const call = use?.[1] as keyof typeof KIND_OF_CALL | undefined;
    return { name, kind: call ? KIND_OF_CALL[call] : '', what: sentences.get(`${namesConstant}.${key}`) ?? '' };
  });
}
