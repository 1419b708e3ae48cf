/**
 * Statistics as JSON of which each entry is a line of its own: written and read piece by piece. As one string those of a million
 * videos on a few surfaces would be longer than a string can be, and parsed at once a million objects.
 *
 *   {
 *   "videos":{
 *   "video-1":{"impressionCount":3,"clickCount":1,"clickWatchSeconds":42.5,"watchCount":2},
 *   …
 *   },
 *   "surfaces":{
 *   "home":{
 *   …
 */
import type { PackedIds } from '@watchnext/learning';
import {
  CountsTable,
  COUNT_NAMES,
  type PackedCounts,
  type PackedPart,
  type PackedStatistics,
  packStatistics,
  WHOLE_OF,
} from './packed-statistics';
import type { StatisticsTables } from './statistics';
import type { ImpressionCounts } from './types';

type Records = Readonly<Record<string, ImpressionCounts>>;

/** Sections whose entries are counts, and those whose entries are sections of counts. */
const FLAT = ['videos', 'channels', 'topics', 'wholeCountries'] as const;
const NESTED = ['surfaces', 'countries'] as const;
/** No other JSON of statistics begins so. */
const BEGINNING = '{\n"';
const CHUNK_CHARACTERS = 1 << 16;

/** @returns pieces of the text, each of some 64 KiB */
export function* statisticsText(tables: StatisticsTables): Generator<string> {
  let chunk = '';
  for (const line of linesOf(tables)) {
    chunk += line;
    if (chunk.length < CHUNK_CHARACTERS) continue;
    yield chunk;
    chunk = '';
  }
  yield chunk;
}

function* linesOf(tables: StatisticsTables): Generator<string> {
  yield '{\n';
  for (const name of FLAT) yield* section(name, countLines(tables[name]), true);
  for (const [place, name] of NESTED.entries())
    yield* section(name, nestedLines(tables[name]), place < NESTED.length - 1);
  yield '}\n';
}

function* section(name: string, lines: Iterable<string>, more: boolean): Generator<string> {
  yield `${JSON.stringify(name)}:{\n`;
  yield* lines;
  yield more ? '},\n' : '}\n';
}

function* countLines(records: Records): Generator<string> {
  const ids = Object.keys(records);
  for (const [place, id] of ids.entries()) {
    const counts = JSON.stringify(records[id], COUNT_NAMES as unknown as string[]);
    yield `${JSON.stringify(id)}:${counts}${place < ids.length - 1 ? ',' : ''}\n`;
  }
}

function* nestedLines(maps: Readonly<Record<string, Records>>): Generator<string> {
  const names = Object.keys(maps);
  for (const [place, name] of names.entries()) yield* section(name, countLines(maps[name]), place < names.length - 1);
}

/**
 * @param chunks of the text, cut anywhere; JSON of any other layout is read as a whole
 * @throws Error for what is not such a text, naming the line, or the entry that is not four counts
 */
export async function packStatisticsText(chunks: AsyncIterable<string> | Iterable<string>): Promise<PackedStatistics> {
  const packer = new LinePacker();
  let rest = '';
  let whole: string[] | undefined;
  let isBegun = false;
  for await (const chunk of chunks) {
    rest += chunk;
    if (!isBegun && rest.length >= BEGINNING.length) {
      isBegun = true;
      // What a program before this one wrote, or another tool.
      if (!rest.startsWith(BEGINNING)) whole = [];
    }
    if (whole !== undefined) {
      whole.push(rest);
      rest = '';
    } else if (isBegun) {
      const lines = rest.split('\n');
      rest = lines.pop() as string;
      for (const line of lines) packer.add(line);
    }
  }
  if (whole !== undefined || !isBegun)
    return packStatistics(JSON.parse((whole ?? [rest]).join('')) as StatisticsTables);
  if (rest !== '') packer.add(rest);
  return packer.packed();
}

class LinePacker {
  private line = 0;
  /** Names of the sections that are open; undefined before the first line and after the last. */
  private path: string[] | undefined;
  private isOver = false;
  private table: CountsTable | undefined;
  private readonly flat = new Map<string, PackedCounts>();
  private readonly nested = new Map<(typeof NESTED)[number], Map<string, PackedPart>>();

  add(text: string): void {
    this.line++;
    const line = text.endsWith(',') ? text.slice(0, -1) : text;
    if (this.path === undefined) {
      if (this.isOver ? line === '' : line === '{') {
        if (!this.isOver) this.path = [];
        return;
      }
      throw this.malformed();
    }
    if (line === '}') this.close(this.path);
    else if (line.endsWith('{')) this.open(this.path, this.parsed(`{${line}}}`)[0]);
    else {
      const [id, counts] = this.parsed(`{${line}}`);
      this.table?.add(id, counts);
    }
  }

  /** @throws Error if the text ended too early, or a section is missing */
  packed(): PackedStatistics {
    if (!this.isOver) throw new Error(`statistics: the text ends too early, after line ${this.line}`);
    const flat = (name: (typeof FLAT)[number]) => this.flat.get(name) ?? missing(name);
    const nested = (name: (typeof NESTED)[number]) => this.nested.get(name) ?? missing(name);
    return {
      videos: flat('videos'),
      channels: flat('channels'),
      topics: flat('topics'),
      surfaces: nested('surfaces'),
      countries: nested('countries'),
      wholeCountries: flat('wholeCountries'),
    };
  }

  private open(path: string[], name: string): void {
    path.push(name);
    const [section, inner] = path as [string, string | undefined];
    const nested = NESTED.find((known) => known === section);
    if (nested !== undefined && inner === undefined) this.nested.set(nested, new Map());
    // A section that this program does not know is one for later ones.
    const isTable =
      nested !== undefined ? path.length === 2 : path.length === 1 && (FLAT as readonly string[]).includes(section);
    this.table = isTable ? new CountsTable(path.join('.')) : undefined;
  }

  private close(path: string[]): void {
    const [section, inner] = path as [string | undefined, string | undefined];
    if (section === undefined) {
      this.path = undefined;
      this.isOver = true;
      return;
    }
    const nested = NESTED.find((known) => known === section);
    if (this.table !== undefined) {
      if (nested === undefined || inner === undefined) this.flat.set(section, this.table.pack());
      else this.nested.get(nested)!.set(inner, this.table.packPart(this.wholeOf(nested)));
    }
    this.table = undefined;
    path.pop();
  }

  /** The ids that a section's tables are parts of: `statisticsText` writes them before. */
  private wholeOf(section: (typeof NESTED)[number]): PackedIds {
    const whole = this.flat.get(WHOLE_OF[section]);
    if (whole === undefined) throw new Error(`statistics: ${section} stand before ${WHOLE_OF[section]}`);
    return whole.ids;
  }

  /** The one entry of an object. */
  private parsed(json: string): [string, unknown] {
    let entries: [string, unknown][];
    try {
      entries = Object.entries(JSON.parse(json) as object);
    } catch {
      throw this.malformed();
    }
    if (entries.length !== 1) throw this.malformed();
    return entries[0];
  }

  private malformed(): Error {
    return new Error(`statistics: line ${this.line} is none of such a text`);
  }
}

function missing(name: string): never {
  throw new Error(`statistics: ${name} is missing, or not an object`);
}
