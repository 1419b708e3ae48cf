import { Turns } from './turns';

/** Of a turn; see `Turns`. */
const IDS_AT_ONCE = 256;

/**
 * Ids that a model has rows for. Index 0 stands for every other id (paper §4.1: out of vocabulary is the zero vector);
 * known ids count from 1, in the order of `ids`.
 */
export class Vocabulary {
  private constructor(
    readonly ids: readonly string[],
    private readonly indices: ReadonlyMap<string, number>,
  ) {
    if (indices.size !== ids.length) throw new Error('a vocabulary cannot hold an id twice');
  }

  private static of(ids: readonly string[]): Vocabulary {
    const indices = new Map<string, number>();
    for (const id of ids) number(indices, id);
    return new Vocabulary(ids, indices);
  }

  /** The `maxSize` ids counted most often, most frequent first, ties in code unit order. Ids counted 0 and '' are left out. */
  static build(counts: ReadonlyMap<string, number>, maxSize: number): Vocabulary {
    const entries = [...counts].filter(([id, count]) => id !== '' && count > 0);
    entries.sort(([idA, countA], [idB, countB]) => countB - countA || (idA < idB ? -1 : 1));
    return Vocabulary.of(entries.slice(0, maxSize).map(([id]) => id));
  }

  /** @throws Error on an id that is empty or there twice */
  static fromIds(ids: readonly string[]): Vocabulary {
    return Vocabulary.of([...ids]);
  }

  /** The same, while the event loop goes on: a million ids take a second. @param ids kept */
  static async fromIdsInTurns(ids: readonly string[]): Promise<Vocabulary> {
    const indices = new Map<string, number>();
    const turns = new Turns();
    for (const id of ids) {
      number(indices, id);
      if (indices.size % IDS_AT_ONCE === 0 && turns.isOver) await turns.next();
    }
    return new Vocabulary(ids, indices);
  }

  /** Rows of a table for this vocabulary: the ids and row 0. */
  get rowCount(): number {
    return this.ids.length + 1;
  }

  /** 0 = out of vocabulary. */
  indexOf(id: string): number {
    return this.indices.get(id) ?? 0;
  }

  /** @throws RangeError for 0, which stands for many ids, and beyond the end */
  idAt(index: number): string {
    const id = this.ids[index - 1];
    if (id === undefined) throw new RangeError(`no id at index ${index} of a vocabulary of ${this.ids.length}`);
    return id;
  }
}

function number(indices: Map<string, number>, id: string): void {
  if (id === '') throw new Error('the empty id stands for "none" and cannot be in a vocabulary');
  indices.set(id, indices.size + 1);
}
