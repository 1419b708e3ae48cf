import type { VideoFacts } from '@watchnext/contract';
import type { RefusedRecord, UserRecord } from '@watchnext/features';
import { Flags } from './examples/columns';

/** Facts of the catalogue, and those that events carry of videos which it does not know: of each the first. */
export class FactsByNumber {
  /** Of videos that the catalogue does not know. */
  private readonly added = new Map<string, VideoFacts>();
  /** By the video's number: whether its facts are there. */
  private readonly known = new Flags();

  constructor(private readonly catalogue: ReadonlyMap<string, VideoFacts>) {}

  /** Those of the catalogue first. */
  all(): ReadonlyMap<string, VideoFacts> {
    if (this.added.size === 0) return this.catalogue;
    // Without a list of all entries in between: a replay holds the most at this moment.
    const all = new Map(this.catalogue);
    for (const [videoId, facts] of this.added) all.set(videoId, facts);
    return all;
  }

  /**
   * Of what counts of a user's records: neither the refused ones, whose numbers may be anything, nor those from before the
   * user was deleted.
   * @param records in log order, whose videos are numbered
   */
  addFromUser(records: readonly UserRecord[], refusals: readonly RefusedRecord[]): void {
    const refused = new Set(refusals.map(({ record }) => record));
    const first = 1 + records.findLastIndex((record) => isDeletion(record) && !refused.has(record));
    for (let i = first; i < records.length; i++) {
      if (!refused.has(records[i])) this.addFrom(records[i]);
    }
  }

  private addFrom({ event: { body }, videoNumber, itemNumbers }: UserRecord): void {
    if (body?.$case === 'watch') {
      if (videoNumber !== undefined) this.add(body.value.videoId, videoNumber, body.value.video);
    } else if (body?.$case === 'impressionsServed' && itemNumbers !== undefined) {
      const { items } = body.value;
      for (let i = 0; i < items.length; i++) this.add(items[i].videoId, itemNumbers[i], items[i].video);
    }
  }

  private add(videoId: string, number: number, facts: VideoFacts | undefined): void {
    if (this.known.has(number) || facts === undefined) return;
    this.known.add(number);
    if (!this.catalogue.has(videoId) && !this.added.has(videoId)) this.added.set(videoId, facts);
  }
}

const isDeletion = ({ event }: UserRecord) => event.body?.$case === 'userDeleted';
