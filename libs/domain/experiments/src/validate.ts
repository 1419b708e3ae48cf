/** Reads a file of experiments: its form, and what a form cannot say. */
import type { z } from 'zod';
import { type Experiment, type ExperimentsFile, experimentsFileSchema } from './definition';
import { metricOf } from './metrics';
import type { ServingParameter } from './serving';

/** Every problem of a file, each naming its field and the remedy. */
export class ExperimentsError extends Error {
  constructor(readonly problems: readonly string[]) {
    super(`the experiments are not usable:\n${problems.map((problem) => `  ${problem}`).join('\n')}`);
    this.name = 'ExperimentsError';
  }
}

/** Shares written with a few digits, such as thirds, may miss 1 by so much. */
const ROUNDING = 1e-9;
/** What would change nothing that an interleaved experiment measures. */
const NOT_INTERLEAVED: Partial<Record<ServingParameter, string>> = {
  exploration: 'an interleaved list has no place for chance',
  freshExploration: 'an interleaved list has no place for chance',
  rung: 'lists are drafted only where both rankings are in full',
  topicCap: 'the page is made after the draft, of both rankings together',
  channelCap: 'the page is made after the draft, of both rankings together',
};
/** A model service keeps these loaded beside what it serves. */
export const MOST_PINNED_SNAPSHOTS = 4;
/** So long before an experiment starts its snapshots are loaded: long enough to be there when they are needed. */
export const SNAPSHOT_LEAD_MS = 15 * 60_000;

/** @throws ExperimentsError */
export function parseExperiments(json: string): ExperimentsFile {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch (error) {
    throw new ExperimentsError([`it is no JSON: ${(error as Error).message}`]);
  }
  return checkExperiments(value);
}

/** @throws ExperimentsError */
export function checkExperiments(value: unknown): ExperimentsFile {
  const parsed = experimentsFileSchema.safeParse(value, { error: inWords });
  if (!parsed.success) {
    throw new ExperimentsError(parsed.error.issues.map((issue) => `${fieldOf(issue.path, value)}: ${issue.message}`));
  }
  const file = parsed.data;
  const problems = [
    ...duplicates(
      file.layers.map((layer) => layer.name),
      'layers',
    ),
    ...duplicates(
      file.experiments.map((experiment) => experiment.name),
      'experiments',
    ),
    ...file.experiments.flatMap((experiment) => problemsOf(experiment, file)),
    ...pairs(file.experiments).flatMap(([a, b]) => conflictsOf(a, b)),
    ...tooManySnapshots(file),
  ];
  if (problems.length > 0) throw new ExperimentsError(problems);
  return file;
}

/** What is wrong with a value, and what there is instead; undefined: as the schema says, or zod. */
function inWords(issue: z.core.$ZodRawIssue): string | undefined {
  switch (issue.code) {
    case 'unrecognized_keys': {
      const known = Object.keys((issue.inst as z.ZodObject).shape);
      return `there is no ${issue.keys.map((key) => `"${key}"`).join(', ')}; there are ${known.join(', ')}`;
    }
    case 'invalid_type':
      return issue.input === undefined ? `is missing, ${issue.expected} is wanted` : undefined;
    case 'too_small':
      if (issue.origin === 'array') return `must have at least ${issue.minimum}`;
      return `must be ${issue.inclusive === false ? 'above' : 'at least'} ${issue.minimum}`;
    case 'too_big':
      if (issue.origin === 'array') return `must have at most ${issue.maximum}`;
      return `must be ${issue.inclusive === false ? 'below' : 'at most'} ${issue.maximum}`;
    default:
      return undefined;
  }
}

/** "experiments[0].start" with the experiment's name, which people know it by. */
function fieldOf(path: readonly PropertyKey[], value: unknown): string {
  const field = path.reduce<string>(
    (text, part) =>
      typeof part === 'number' ? `${text}[${part}]` : text === '' ? String(part) : `${text}.${String(part)}`,
    '',
  );
  const [list, index] = path;
  const named = list === 'experiments' ? (value as { experiments?: { name?: unknown }[] }).experiments : undefined;
  const name = typeof index === 'number' ? named?.[index]?.name : undefined;
  return typeof name === 'string' ? `${field} (${name})` : field || 'the file';
}

function duplicates(names: readonly string[], what: string): string[] {
  const twice = new Set(names.filter((name, index) => names.indexOf(name) !== index));
  return [...twice].map((name) => `${what}: ${name} is there more than once; names are unique`);
}

function problemsOf(experiment: Experiment, file: ExperimentsFile): string[] {
  const { name, layer, layerPart, start, stop, variants, design, guardrails, testers, audience } = experiment;
  const problems: string[] = [];
  const say = (field: string, what: string) => problems.push(`${name}.${field}: ${what}`);
  if (!file.layers.some((one) => one.name === layer)) say('layer', `there is no layer ${layer}; add it to layers`);
  if (layerPart[0] >= layerPart[1]) say('layerPart', 'must begin before it ends, as [0, 0.5]');
  if (start >= stop) say('stop', 'must be after the start');
  const names = variants.map((variant) => variant.name);
  problems.push(...duplicates(names, `${name}.variants`));
  const sum = variants.reduce((total, variant) => total + variant.share, 0);
  if (sum > 1 + ROUNDING) say('variants', `shares sum to ${sum}, more than 1`);
  if (sum <= 0) say('variants', 'no variant has a share above 0');
  if (design === 'split' && sum > 0 && variants[0].share === 0)
    say('variants', `${variants[0].name}, the first, is the control and has no share: there is nobody to compare with`);
  variants.forEach(({ serving }, index) => {
    if (serving.rung === 'memory-popular' && serving.snapshotId !== undefined)
      say(`variants[${index}].serving`, 'rung memory-popular uses no snapshot; leave snapshotId out');
    const { exploration, freshExploration } = serving;
    if (exploration && exploration.position === freshExploration?.position)
      say(`variants[${index}].serving.freshExploration.position`, 'is that of exploration; choose another place');
    if (design !== 'interleaved') return;
    for (const [parameter, why] of Object.entries(NOT_INTERLEAVED)) {
      if (serving[parameter as ServingParameter] !== undefined)
        say(`variants[${index}].serving.${parameter}`, `${why}; leave it out`);
    }
  });
  if (design === 'interleaved' && variants.length !== 2) say('variants', 'interleaving takes exactly two variants');
  for (const [user, variant] of Object.entries(testers)) {
    if (!names.includes(variant)) say(`testers.${user}`, `there is no variant ${variant}`);
  }
  problems.push(
    ...duplicates(
      guardrails.map(({ metric }) => metric),
      `${name}.guardrails`,
    ),
  );
  guardrails.forEach(({ metric, mostHarm }, index) => {
    if (metricOf(metric).better === 'higher' && mostHarm === 1)
      say(`guardrails[${index}].mostHarm`, 'must be below 1: nothing can lose more than all of it');
  });
  const { minimumWatchCount = 0, maximumWatchCount = Infinity } = audience;
  if (minimumWatchCount > maximumWatchCount)
    say('audience', 'minimumWatchCount is above maximumWatchCount: nobody fits');
  return problems;
}

/** What two experiments that run at one time must not do. */
function conflictsOf(a: Experiment, b: Experiment): string[] {
  if (!runTogether(a, b)) return [];
  if (a.layer === b.layer) {
    const common = Math.min(a.layerPart[1], b.layerPart[1]) - Math.max(a.layerPart[0], b.layerPart[0]);
    const overlaps =
      common > ROUNDING
        ? [
            `${a.name}.layerPart: overlaps with that of ${b.name} in layer ${a.layer}, and both run at the same time; give them disjoint parts, times or layers`,
          ]
        : [];
    const inBoth = Object.keys(a.testers).filter((user) => Object.hasOwn(b.testers, user));
    return [
      ...overlaps,
      ...inBoth.map(
        (user) =>
          `${a.name}.testers.${user}: is a tester of ${b.name} too, in the same layer and time; a user is in one of them`,
      ),
    ];
  }
  if (a.design === 'interleaved' || b.design === 'interleaved') {
    const [one, other] = a.design === 'interleaved' ? [a, b] : [b, a];
    return [
      `${one.name}.layer: an interleaved experiment shares its lists with none; put it and ${other.name} into one layer`,
    ];
  }
  const both = [...parametersOf(a)].filter((parameter) => parametersOf(b).has(parameter));
  const clashes = both.map((parameter) => `sets ${parameter} too`);
  const place = [...placesOf(a)].find((position) => placesOf(b).has(position));
  if (place !== undefined) clashes.push(`draws place ${place} too, and a place is drawn once`);
  if (!both.includes('rung')) {
    if (parametersOf(a).has('rung') && parametersOf(b).size > 0)
      clashes.push('serves otherwise, of which a chosen rung may leave nothing');
    if (parametersOf(b).has('rung') && parametersOf(a).size > 0)
      clashes.push('chooses a rung, which may leave nothing of what this one serves otherwise');
  }
  return clashes.map(
    (clash) =>
      `${a.name}.variants: ${b.name}, in another layer, ${clash}, and a user may be in both; put them into one layer`,
  );
}

/** Places that are drawn by chance. */
function placesOf({ variants }: Experiment): Set<number> {
  return new Set(
    variants.flatMap(({ serving: { exploration, freshExploration } }) =>
      [exploration, freshExploration].flatMap((draw) => draw?.position ?? []),
    ),
  );
}

function parametersOf({ variants }: Experiment): Set<ServingParameter> {
  return new Set(variants.flatMap(({ serving }) => Object.keys(serving) as ServingParameter[]));
}

/** Counted at each moment that one more experiment's are loaded, when those of what stops until its start are held too. */
function tooManySnapshots(file: ExperimentsFile): string[] {
  for (const { name, start } of file.experiments) {
    const pinned = pinnedSnapshots(file, start - SNAPSHOT_LEAD_MS, SNAPSHOT_LEAD_MS);
    if (pinned.length > MOST_PINNED_SNAPSHOTS) {
      const minutes = SNAPSHOT_LEAD_MS / 60_000;
      return [
        `${name}.variants: ${minutes} minutes before it starts, when its snapshots are loaded, ${pinned.length} snapshots are asked for at once, more than the ${MOST_PINNED_SNAPSHOTS} that the model services keep loaded; run fewer at a time, or let it start ${minutes} minutes after others have stopped`,
      ];
    }
  }
  return [];
}

export const runTogether = (a: Experiment, b: Experiment): boolean => a.start < b.stop && b.start < a.stop;

export const isRunning = ({ start, stop }: Experiment, atMs: number): boolean => start <= atMs && atMs < stop;

/** Snapshots that running experiments need loaded, and those of experiments that start within `aheadMs`. */
export function pinnedSnapshots(file: ExperimentsFile, atMs: number, aheadMs = 0): string[] {
  const running = file.experiments.filter(({ start, stop }) => start <= atMs + aheadMs && atMs < stop);
  const ids = running.flatMap(({ variants }) => variants.flatMap(({ serving }) => serving.snapshotId ?? []));
  return [...new Set(ids)].sort();
}

function pairs<Item>(items: readonly Item[]): [Item, Item][] {
  return items.flatMap((a, index) => items.slice(index + 1).map((b): [Item, Item] => [a, b]));
}
