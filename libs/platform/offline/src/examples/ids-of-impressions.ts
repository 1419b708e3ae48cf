import { FlatTexts } from '@watchnext/features';
import { TextTable, wholes } from './columns';

/** Where they are more, ids are no places after a request's, and an ending is as much as a whole. */
const MOST_ENDINGS = 65_536;

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

  add({ impressionId, requestId }: { readonly impressionId: string; readonly requestId: string }): void {
    if (requestId !== '' && impressionId.startsWith(requestId) && this.endings.texts.length < MOST_ENDINGS) {
      this.numberOf.push(this.endings.numberOf(impressionId.slice(requestId.length)));
      return;
    }
    this.numberOf.push(MOST_ENDINGS + this.placeOf.length);
    this.placeOf.push(this.texts.add(impressionId));
  }

  at(row: number, requestId: string): string {
    const number = this.numberOf.at(row);
    if (number < MOST_ENDINGS) return requestId + this.endings.texts[number];
    return this.texts.at(this.placeOf.at(number - MOST_ENDINGS));
  }
}
