/**
 * JSON files of any size, parsed in turns with the event loop: `JSON.parse` of the statistics of a million videos holds up all
 * requests for seconds.
 *
 * Two passes over the bytes. The first finds the containers that are large; the second takes them apart and gives runs of their
 * members, some tens of kilobytes at a time, to `JSON.parse`.
 */
import { readFile } from 'node:fs/promises';
import { Turns } from '@watchnext/learning';

export interface JsonSlices {
  /** Containers of at least so many bytes are taken apart. */
  readonly largeBytes: number;
  /** Members of so many bytes are parsed at once. */
  readonly sliceBytes: number;
  /** An object of at least so many members becomes a Map. */
  readonly mapMembers: number;
}

const SLICES: JsonSlices = { largeBytes: 65_536, sliceBytes: 16_384, mapMembers: 1_000 };

/** What `JSON.parse` makes of the file, but that objects of 1,000 members and more may be Maps. @throws SyntaxError */
export async function readJsonFile(path: string): Promise<unknown> {
  return parseJsonInTurns(await readFile(path));
}

export async function parseJsonInTurns(bytes: Buffer, slices: JsonSlices = SLICES): Promise<unknown> {
  if (bytes.length < slices.largeBytes) return JSON.parse(bytes.toString('utf8'));
  const parser = new Parser(bytes, slices);
  return parser.parse();
}

const [QUOTE, BACKSLASH, COMMA, COLON] = [0x22, 0x5c, 0x2c, 0x3a];
const [OPEN_OBJECT, CLOSE_OBJECT, OPEN_ARRAY, CLOSE_ARRAY] = [0x7b, 0x7d, 0x5b, 0x5d];
const SCANNED_AT_ONCE = 65_536;

const isSpace = (byte: number | undefined) => byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;

class Parser {
  /** Of large containers: where they begin, and the place after their end. */
  private readonly large = new Map<number, number>();
  private readonly turns = new Turns();

  constructor(
    private readonly bytes: Buffer,
    private readonly slices: JsonSlices,
  ) {}

  async parse(): Promise<unknown> {
    await this.findLarge();
    const start = this.skipSpace(0);
    const end = this.large.get(start);
    // A text, a number, or what is no JSON at all.
    if (end === undefined) return JSON.parse(this.bytes.toString('utf8'));
    if (this.skipSpace(end) < this.bytes.length) throw new SyntaxError(`unexpected text after JSON at byte ${end}`);
    return this.container(start, end);
  }

  private async findLarge(): Promise<void> {
    const { bytes, turns } = this;
    const open: number[] = [];
    let next = SCANNED_AT_ONCE;
    for (let at = 0; at < bytes.length; at++) {
      const byte = bytes[at];
      if (byte === QUOTE) at = this.endOfText(at) - 1;
      else if (byte === OPEN_OBJECT || byte === OPEN_ARRAY) open.push(at);
      else if (byte === CLOSE_OBJECT || byte === CLOSE_ARRAY) {
        const start = open.pop();
        if (start === undefined) throw new SyntaxError(`unexpected end of a container at byte ${at}`);
        if (at + 1 - start >= this.slices.largeBytes) this.large.set(start, at + 1);
      }
      if (at < next) continue;
      next = at + SCANNED_AT_ONCE;
      if (turns.isOver) await turns.next();
    }
    if (open.length > 0) throw new SyntaxError('unexpected end of JSON input');
  }

  /** A large object or array. */
  private container(start: number, end: number): Promise<unknown> {
    return this.bytes[start] === OPEN_OBJECT ? this.object(start, end) : this.array(start, end);
  }

  private async object(start: number, end: number): Promise<unknown> {
    const found = new Map<string, unknown>();
    await this.members(
      start,
      end,
      (text) => {
        const part = JSON.parse(`{${text}}`) as Record<string, unknown>;
        for (const key of Object.keys(part)) found.set(key, part[key]);
      },
      async (from, valueStart) => {
        const colon = this.skipSpace(this.endOfText(from));
        if (this.bytes[from] !== QUOTE || this.bytes[colon] !== COLON || this.skipSpace(colon + 1) !== valueStart) {
          throw new SyntaxError(`no member of an object at byte ${from}`);
        }
        const key = JSON.parse(this.bytes.toString('utf8', from, this.endOfText(from))) as string;
        found.set(key, await this.container(valueStart, this.large.get(valueStart)!));
      },
    );
    return found.size >= this.slices.mapMembers ? found : Object.fromEntries(found);
  }

  private async array(start: number, end: number): Promise<unknown[]> {
    const found: unknown[] = [];
    await this.members(
      start,
      end,
      (text) => {
        for (const value of JSON.parse(`[${text}]`) as unknown[]) found.push(value);
      },
      async (from, valueStart) => {
        if (from !== valueStart) throw new SyntaxError(`no element of an array at byte ${from}`);
        found.push(await this.container(valueStart, this.large.get(valueStart)!));
      },
    );
    return found;
  }

  /**
   * Goes through the members of a large container in their order.
   * @param onSmall given the text of some members, with the commas between them
   * @param onLarge given where a member begins, and where its large container does
   */
  private async members(
    start: number,
    end: number,
    onSmall: (text: string) => void,
    onLarge: (from: number, valueStart: number) => Promise<void>,
  ): Promise<void> {
    const { bytes, turns } = this;
    const last = end - 1;
    let from = this.skipSpace(start + 1);
    /** Where a run of small members begins that is not parsed yet. */
    let pending = from;
    const flush = (to: number) => {
      if (to > pending) onSmall(bytes.toString('utf8', pending, to));
    };
    while (from < last) {
      const { at, largeStart } = this.endOfMember(from, last);
      if (largeStart !== undefined) {
        // The comma before it belongs to neither.
        flush(this.beforeComma(from, pending));
        await onLarge(from, largeStart);
      }
      const isLast = at === last;
      const next = isLast ? last : this.skipSpace(at + 1);
      if (!isLast && next === last) throw new SyntaxError(`unexpected comma at byte ${at}`);
      if (largeStart !== undefined) pending = next;
      else if (isLast || at - pending >= this.slices.sliceBytes) {
        flush(at);
        pending = next;
      }
      from = next;
      if (turns.isOver) await turns.next();
    }
  }

  /** The comma after a member, or the end of its container; and where it has a large value, that value's place. */
  private endOfMember(from: number, last: number): { at: number; largeStart: number | undefined } {
    const { bytes, large } = this;
    let depth = 0;
    let largeStart: number | undefined;
    let at = from;
    while (at < last) {
      const byte = bytes[at];
      if (byte === QUOTE) {
        at = this.endOfText(at);
        continue;
      }
      if (byte === OPEN_OBJECT || byte === OPEN_ARRAY) {
        const end = depth === 0 ? large.get(at) : undefined;
        if (end !== undefined) {
          largeStart = at;
          at = this.skipSpace(end);
          if (at < last && bytes[at] !== COMMA) throw new SyntaxError(`unexpected text at byte ${at}`);
          break;
        }
        depth++;
      } else if (byte === CLOSE_OBJECT || byte === CLOSE_ARRAY) depth--;
      else if (byte === COMMA && depth === 0) break;
      at++;
    }
    return { at, largeStart };
  }

  private beforeComma(from: number, pending: number): number {
    let to = from;
    while (to > pending && (isSpace(this.bytes[to - 1]) || this.bytes[to - 1] === COMMA)) to--;
    return to;
  }

  /** The place after the quote that ends the text beginning at `at`. */
  private endOfText(at: number): number {
    const { bytes } = this;
    let place = at + 1;
    while (place < bytes.length && bytes[place] !== QUOTE) place += bytes[place] === BACKSLASH ? 2 : 1;
    return place + 1;
  }

  private skipSpace(at: number): number {
    let place = at;
    while (isSpace(this.bytes[place])) place++;
    return place;
  }
}
