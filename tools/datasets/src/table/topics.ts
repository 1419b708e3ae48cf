/** The topics of a video as a cell has them: a list in the way of the program that wrote it, or text with a separator. */
import { LIMITS } from '@watchnext/features';
import { BadCell, identifier, isNothing, quote } from '../read/cells';

/** What of an element is its name, where it is an object as TMDB's `{"id": 18, "name": "Drama"}`. */
const NAME_KEYS = ['name', 'title', 'id'] as const;

/** @throws BadCell where an element of a list has no name, or a name cannot be used */
export function topicList(column: string, text: string, separator: string): string[] {
  if (text === '') return [];
  const elements = /^\s*[[{]/.test(text) ? listIn(text) : undefined;
  const names = (elements?.map((element) => nameOf(column, element)) ?? text.split(separator))
    .map((name) => name.trim())
    .filter((name) => !isNothing(name));
  return [...new Set(names)].slice(0, LIMITS.topicsPerVideo).map((name) => identifier('a topic', name));
}

function nameOf(column: string, element: unknown): string {
  // Nothing among the others is no mistake.
  if (element === null || typeof element === 'string') return element ?? '';
  const named =
    typeof element === 'object'
      ? NAME_KEYS.map((key) => (element as Record<string, unknown>)[key]).find(isName)
      : element;
  if (isName(named)) return String(named);
  throw new BadCell(`${column} has an element without ${NAME_KEYS.join(', ')}: ${quote(JSON.stringify(element))}`);
}

const isName = (value: unknown): value is string | number =>
  typeof value === 'number' || (typeof value === 'string' && !isNothing(value));

/** @returns nothing of what is no list */
function listIn(text: string): readonly unknown[] | undefined {
  const value = jsonIn(text) ?? new LiteralReader(text).read();
  if (value === undefined || Array.isArray(value)) return value;
  // Postgres writes an empty list so.
  return Object.keys(value).length === 0 ? [] : [value];
}

function jsonIn(text: string): object | undefined {
  try {
    return JSON.parse(text) as object;
  } catch {
    return undefined;
  }
}

/** Objects in lists in objects: none that is meant lies deeper, and none should end the stack. */
const DEEPEST = 8;
const SPACE = /\s*/y;
const BETWEEN = /[\s,]*/y;
const COLON = /\s*:\s*/y;
/** What follows tells it from an apostrophe. */
const QUOTED = /u?(?:'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)")(?=\s*(?:[,:\]}'"]|$))/sy;
const BARE = /[^,[\]{}]+/y;

/**
 * Lists that are no JSON: Python's `['Comedy', "Children's"]` and `[{'name': 'Drama'}]`, as pandas writes them to CSV, numpy's
 * `['Comedy' 'Drama']`, Postgres' `{Comedy,"Science Fiction"}`, and `[Comedy, Drama]` without any quotes.
 */
class LiteralReader {
  private at = 0;

  constructor(private readonly text: string) {}

  /** @returns nothing where it cannot be read to its end */
  read(): object | undefined {
    this.match(SPACE);
    const value = this.value(0) as object | undefined;
    this.match(SPACE);
    return this.at === this.text.length ? value : undefined;
  }

  private value(depth: number): unknown {
    if (depth > DEEPEST) return undefined;
    if (this.take('[')) return this.list(']', depth);
    if (!this.take('{')) return this.quoted() ?? this.match(BARE)?.[0].trim();
    const start = this.at;
    this.match(SPACE);
    const isObject = this.quoted() !== undefined && this.match(COLON) !== undefined;
    this.at = start;
    return isObject ? this.object(depth) : this.list('}', depth);
  }

  private list(end: string, depth: number): unknown[] | undefined {
    const elements: unknown[] = [];
    for (;;) {
      this.match(BETWEEN);
      if (this.take(end)) return elements;
      const element = this.value(depth + 1);
      if (element === undefined) return undefined;
      elements.push(element);
    }
  }

  private object(depth: number): object | undefined {
    const entries: [string, unknown][] = [];
    for (;;) {
      this.match(BETWEEN);
      if (this.take('}')) return Object.fromEntries(entries);
      const key = this.quoted();
      if (key === undefined || this.match(COLON) === undefined) return undefined;
      const value = this.value(depth + 1);
      if (value === undefined) return undefined;
      entries.push([key, value]);
    }
  }

  private quoted(): string | undefined {
    const found = this.match(QUOTED);
    return found && (found[1] ?? found[2]).replace(/\\(.)/gs, '$1');
  }

  private take(mark: string): boolean {
    const isThere = this.text[this.at] === mark;
    if (isThere) this.at++;
    return isThere;
  }

  private match(pattern: RegExp): RegExpExecArray | undefined {
    pattern.lastIndex = this.at;
    const found = pattern.exec(this.text);
    if (found === null) return undefined;
    this.at = pattern.lastIndex;
    return found;
  }
}
