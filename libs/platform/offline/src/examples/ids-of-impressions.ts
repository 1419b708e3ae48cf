import { FlatTexts, type RankingExample } from '@watchnext/features';
import { TextTable, wholes } from './columns';

/** Where they are more, ids are no places after a request's, and an ending is as much as a whole. */
const MOST_ENDINGS = 65_536;
/** Of a list, from the first on, at which the last ending is remembered. */
const MOST_PLACES = 512;

type IdOfImpression = Pick<RankingExample, 'impressionId' | 'requestId' | 'position'>;

/**
 * Ids of impressions, row by row. Mostly an id is its request's with the place after it: then the ending is kept, which many share,
 * where the whole would be a text for each impression. Those that are kept whole lie beside the heap: there may be as many as rows.
 */
export class IdsOfImpressions {
  private readonly endings = new TextTable();
  private readonly texts = new FlatTexts();
  /** Of ids that are kept whole: where in `texts`. */
  private readonly placeOf = wholes();
  /** The ending's number, or, from `MOST_ENDINGS` on, the number of the whole after those. */
  private readonly numberOf = wholes();
  /** By place in the list: the number of the ending there last, which mostly is the next list's too. */
  private readonly lastAt: number[] = [];

  add({ impressionId, requestId, position }: IdOfImpression): void {
    if (requestId !== '' && impressionId.startsWith(requestId) && this.endings.texts.length < MOST_ENDINGS) {
      this.numberOf.push(this.numberOfEnding(impressionId, requestId.length, position));
      return;
    }
    this.numberOf.push(MOST_ENDINGS + this.placeOf.length);
    this.placeOf.push(this.texts.add(impressionId));
  }

  private numberOfEnding(id: string, from: number, position: number): number {
    const { endings, lastAt } = this;
    const isNear = position <= lastAt.length && position < MOST_PLACES;
    const last = isNear ? lastAt[position] : undefined;
    // Told by comparing: cutting the ending off and looking it up takes several times as long.
    if (last !== undefined && id.length === from + endings.texts[last].length && id.endsWith(endings.texts[last])) {
      return last;
    }
    const number = endings.numberOf(id.slice(from));
    if (isNear) lastAt[position] = number;
    return number;
  }

  at(row: number, requestId: string): string {
    const number = this.numberOf.at(row);
    if (number < MOST_ENDINGS) return requestId + this.endings.texts[number];
    return this.texts.at(this.placeOf.at(number - MOST_ENDINGS));
  }
}
