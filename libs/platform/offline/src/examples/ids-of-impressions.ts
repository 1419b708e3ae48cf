import { TextTable, wholes } from './columns';

/** Where they are more, ids are no places after a request's, and an ending is as much as a whole. */
const MOST_ENDINGS = 65_536;
/** What stands in place of an ending where the id does not begin with its request's. */
const WHOLE = 0;

/**
 * Ids of impressions, row by row. Mostly an id is its request's with the place after it: then the ending is kept, which many share,
 * where the whole would be a text for each impression.
 */
export class IdsOfImpressions {
  private readonly endings = new TextTable();
  /** One more than the ending's number. */
  private readonly endingOf = wholes();
  private readonly wholeOf = new Map<number, string>();

  add({ impressionId, requestId }: { readonly impressionId: string; readonly requestId: string }): void {
    if (requestId !== '' && impressionId.startsWith(requestId) && this.endings.texts.length < MOST_ENDINGS) {
      this.endingOf.push(1 + this.endings.numberOf(impressionId.slice(requestId.length)));
      return;
    }
    this.wholeOf.set(this.endingOf.length, impressionId);
    this.endingOf.push(WHOLE);
  }

  at(row: number, requestId: string): string {
    const ending = this.endingOf.at(row);
    return ending === WHOLE ? this.wholeOf.get(row)! : requestId + this.endings.texts[ending - 1];
  }
}
