import { type IdList, listIds, packedIdAt, type PackedIds, packIds, placeOf } from './packed-ids';

/**
 * Ids that a model has rows for. Index 0 stands for every other id (paper §4.1: out of vocabulary is the zero vector);
 * known ids count from 1, in the order of `ids`.
 */
export class Vocabulary {
  private list: readonly string[] | undefined;

  private constructor(readonly packed: PackedIds) {
    if (placeOf(packed, '') >= 0) throw new Error('the empty id stands for "none" and cannot be in a vocabulary');
  }

  /** The `maxSize` ids counted most often, most frequent first, ties in code unit order. Ids counted 0 and '' are left out. */
  static build(counts: ReadonlyMap<string, number>, maxSize: number): Vocabulary {
    const entries = [...counts].filter(([id, count]) => id !== '' && count > 0);
    entries.sort(([idA, countA], [idB, countB]) => countB - countA || (idA < idB ? -1 : 1));
    return Vocabulary.fromIds(entries.slice(0, maxSize).map(([id]) => id));
  }

  /** @throws Error on an id that is empty or there twice */
  static fromIds(ids: IdList): Vocabulary {
    return new Vocabulary(packIds(ids));
  }

  /** As a list, made when first asked for: a service that holds a million ids need not. */
  get ids(): readonly string[] {
    return (this.list ??= listIds(this.packed));
  }

  get size(): number {
    return this.packed.count;
  }

  /** Rows of a table for this vocabulary: the ids and row 0. */
  get rowCount(): number {
    return this.size + 1;
  }

  /** 0 = out of vocabulary. */
  indexOf(id: string): number {
    return placeOf(this.packed, id) + 1;
  }

  /** @throws RangeError for 0, which stands for many ids, and beyond the end */
  idAt(index: number): string {
    return packedIdAt(this.packed, index - 1);
  }
}
