/**
 * Texts in flat pages beside the heap, each under a number, its place: a garbage collector that meets millions of them has a
 * page to look at for each mebibyte. A text lies there as Latin-1 where that is enough, else as UTF-16 code units, so that every
 * string comes back as it was. What a removed one leaves is used again for the next that takes as much.
 */
const UNIT_BYTES = 16;
const PAGE_UNITS = 65_536;
/** Before each text: its length in code units, and in the lowest bit whether a unit takes two bytes. */
const HEADER_BYTES = 4;
const [LATIN1, UTF16] = [0, 1] as const;

/** Of the empty text, which takes no room. */
const EMPTY_PLACE = 0;

interface Page {
  readonly bytes: Buffer;
  readonly headers: Uint32Array;
}

export class FlatTexts {
  private readonly pages: Page[] = [newPage(PAGE_UNITS)];
  private openPage = 0;
  private nextUnit = EMPTY_PLACE + 1;
  /** Places of removed texts, by how many units are there. */
  private readonly free = new Map<number, number[]>();

  /** @returns the place, a whole number below 2^32 for up to 64 GiB of texts */
  add(text: string): number {
    if (text === '') return EMPTY_PLACE;
    const width = widthOf(text);
    const place = this.makeRoom(unitsOf(text.length, width));
    const { bytes, headers } = this.pageOf(place);
    const from = (place % PAGE_UNITS) * UNIT_BYTES;
    headers[from / HEADER_BYTES] = text.length * 2 + width;
    bytes.write(text, from + HEADER_BYTES, width === UTF16 ? 'utf16le' : 'latin1');
    return place;
  }

  at(place: number): string {
    if (place === EMPTY_PLACE) return '';
    const { bytes, headers } = this.pageOf(place);
    const from = (place % PAGE_UNITS) * UNIT_BYTES + HEADER_BYTES;
    const [length, width] = readHeader(headers[from / HEADER_BYTES - 1]!);
    return bytes.toString(width === UTF16 ? 'utf16le' : 'latin1', from, from + length * (1 + width));
  }

  /** Whether `text` is there, without making a string of what is. */
  isAt(place: number, text: string): boolean {
    if (place === EMPTY_PLACE) return text === '';
    const { bytes, headers } = this.pageOf(place);
    const from = (place % PAGE_UNITS) * UNIT_BYTES + HEADER_BYTES;
    const [length, width] = readHeader(headers[from / HEADER_BYTES - 1]!);
    if (length !== text.length) return false;
    if (width === UTF16) return this.at(place) === text;
    for (let i = 0; i < length; i++) if (bytes[from + i] !== text.charCodeAt(i)) return false;
    return true;
  }

  /** The place is not to be used any more. */
  remove(place: number): void {
    if (place === EMPTY_PLACE) return;
    const { headers } = this.pageOf(place);
    const [length, width] = readHeader(headers[((place % PAGE_UNITS) * UNIT_BYTES) / HEADER_BYTES]!);
    const units = unitsOf(length, width);
    const freed = this.free.get(units);
    if (freed) freed.push(place);
    else this.free.set(units, [place]);
  }

  private pageOf(place: number): Page {
    return this.pages[Math.floor(place / PAGE_UNITS)]!;
  }

  private makeRoom(units: number): number {
    const freed = this.free.get(units)?.pop();
    if (freed !== undefined) return freed;
    if (units > PAGE_UNITS) return (this.pages.push(newPage(units)) - 1) * PAGE_UNITS;
    if (this.nextUnit + units > PAGE_UNITS) {
      this.openPage = this.pages.push(newPage(PAGE_UNITS)) - 1;
      this.nextUnit = 0;
    }
    const place = this.openPage * PAGE_UNITS + this.nextUnit;
    this.nextUnit += units;
    return place;
  }
}

function newPage(units: number): Page {
  const bytes = Buffer.allocUnsafeSlow(units * UNIT_BYTES);
  return { bytes, headers: new Uint32Array(bytes.buffer) };
}

const readHeader = (header: number) => [header >>> 1, header & 1] as const;

const unitsOf = (length: number, width: number) => Math.ceil((HEADER_BYTES + length * (1 + width)) / UNIT_BYTES);

function widthOf(text: string): typeof LATIN1 | typeof UTF16 {
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) > 0xff) return UTF16;
  return LATIN1;
}
