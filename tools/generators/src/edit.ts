/** Changing files that people write too: by what stands in them, and with a clear word where it no longer does. */
import { relative } from 'node:path';
import { type Tree, updateJson } from '@nx/devkit';

/** What a generator looks for is not there, or there twice: the generator has to be brought up to date. */
export class AnchorError extends Error {
  constructor(path: string, anchor: string, count: number) {
    super(
      `${path} has ${count === 0 ? 'no' : `${count} times`} ${JSON.stringify(anchor)}, which the generator goes by: ` +
        'nothing was changed; bring tools/generators up to date with that file',
    );
    this.name = 'AnchorError';
  }
}

export class NameError extends Error {}

function read(tree: Tree, path: string): string {
  const text = tree.read(path, 'utf8');
  if (text === null) throw new AnchorError(path, path, 0);
  return text;
}

/** @throws AnchorError unless the anchor is there exactly once */
function placeOf(path: string, text: string, anchor: string): number {
  const count = text.split(anchor).length - 1;
  if (count !== 1) throw new AnchorError(path, anchor, count);
  return text.indexOf(anchor);
}

/** @throws AnchorError */
export function insertBefore(tree: Tree, path: string, anchor: string, addition: string): void {
  const text = read(tree, path);
  const place = placeOf(path, text, anchor);
  tree.write(path, text.slice(0, place) + addition + text.slice(place));
}

/** @throws AnchorError */
export function insertAfter(tree: Tree, path: string, anchor: string, addition: string): void {
  const text = read(tree, path);
  const place = placeOf(path, text, anchor) + anchor.length;
  tree.write(path, text.slice(0, place) + addition + text.slice(place));
}

/** Before the first `end` after `start`, as the end of a list that begins there. @throws AnchorError */
export function insertAtEnd(tree: Tree, path: string, start: string, end: string, addition: string): void {
  const text = read(tree, path);
  const place = text.indexOf(end, placeOf(path, text, start) + start.length);
  if (place < 0) throw new AnchorError(path, end, 0);
  tree.write(path, text.slice(0, place) + addition + text.slice(place));
}

/** @param pattern with one group, the number. @throws AnchorError */
export function increment(tree: Tree, path: string, pattern: RegExp): void {
  const text = read(tree, path);
  const match = pattern.exec(text);
  if (match === null) throw new AnchorError(path, String(pattern), 0);
  tree.write(path, text.replace(pattern, match[0].replace(match[1] as string, String(Number(match[1]) + 1))));
}

/** The smallest field number from `from` on that a message or oneof of a proto file does not use. @throws AnchorError */
export function freeFieldNumber(tree: Tree, path: string, start: string, from: number): number {
  const text = read(tree, path);
  const body = text.slice(placeOf(path, text, start));
  const used = new Set(
    [...body.slice(0, body.indexOf('\n}')).matchAll(/= (\d+);/g)].map(([, number]) => Number(number)),
  );
  let number = from;
  while (used.has(number)) number++;
  return number;
}

/** A project of the workspace's own, for `tsc -b` and `npm ls`. */
export function addReference(tree: Tree, projectRoot: string): void {
  updateJson(tree, 'tsconfig.json', (json: { references: { path: string }[] }) => ({
    ...json,
    references: [...json.references, { path: `./${relative('.', projectRoot)}` }],
  }));
}

/** @throws NameError */
export function requireCamelCase(name: string): void {
  if (!/^[a-z][A-Za-z0-9]{1,40}$/.test(name))
    throw new NameError(`${name} is no name in camel case, as dismissalCount`);
}

const isKebabCase = (name: string) => /^[a-z][a-z0-9]*(-[a-z0-9]+)*$/.test(name);

/** @param isNew whether the team is to be one that CODEOWNERS does not name yet. @throws NameError */
export function requireTeam(tree: Tree, team: string, isNew: boolean): void {
  if (!isKebabCase(team)) throw new NameError(`${team} is no name of a team as serving`);
  const teams = [...new Set(read(tree, 'CODEOWNERS').match(/(?<=@watchnext\/)[\w-]+/g))].sort();
  if (teams.includes(team) === !isNew) return;
  throw new NameError(
    isNew
      ? `there is a team ${team} already`
      : `there is no team ${team}; there are ${teams.join(', ')}, and --newTeam makes one`,
  );
}

/** @throws NameError */
export function requireKebabCase(tree: Tree, name: string, root: string): void {
  if (!isKebabCase(name)) throw new NameError(`${name} is no name as text-search`);
  if (tree.exists(root)) throw new NameError(`${root} is there already`);
}

export const snakeCase = (name: string) => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
export const pascalCase = (name: string) =>
  name.replace(/(^|-)([a-z0-9])/g, (_, _dash: string, letter: string) => letter.toUpperCase());
export const camelCase = (name: string) => name.replace(/-([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
