import type { VideoFacts } from '@watchnext/contract';
import type { UserRecord } from '@watchnext/features';
import { Flags } from './examples/columns';

/** Facts of the catalogue, and those that events carry of videos which it does not know: of each the first. */
export class FactsByNumber {
  readonly facts: Map<string, VideoFacts>;
  /** By the video's number: whether its facts are there. */
  private readonly known = new Flags();

  constructor(catalogue: ReadonlyMap<string, VideoFacts>) {
    this.facts = new Map(catalogue);
  }

  /** @param record whose videos are numbered */
  addFrom({ event: { body }, videoNumber, itemNumbers }: UserRecord): void {
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
    if (!this.facts.has(videoId)) this.facts.set(videoId, facts);
  }
}
