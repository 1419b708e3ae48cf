/** What a catalogue in memory costs: as services hold it, beside the same in a map of strings and objects. */
import { type CatalogueVideo, VideoTable, type VideoTexts } from '@watchnext/features';
import { createRandom } from '@watchnext/learning';
import { collectGarbage } from '@watchnext/threads';
import { type BenchReport, report } from './report';

export interface CatalogueOptions {
  readonly videos: number;
  readonly lookups: number;
  readonly seed: number;
}

interface Catalogue {
  set(video: CatalogueVideo, texts: VideoTexts): void;
  get(videoId: string): CatalogueVideo | undefined;
}

class ObjectCatalogue implements Catalogue {
  private readonly videos = new Map<string, CatalogueVideo & VideoTexts>();

  set(video: CatalogueVideo, texts: VideoTexts): void {
    this.videos.set(video.videoId, { ...video, ...texts });
  }

  get(videoId: string): CatalogueVideo | undefined {
    return this.videos.get(videoId);
  }
}

interface Figures {
  readonly fillSeconds: number;
  readonly longestSetMs: number;
  readonly lookupNs: number;
  readonly collectionMs: number;
  readonly heapMB: number;
  /** Beside the heap. */
  readonly buffersMB: number;
}

function told(n: number): [CatalogueVideo, VideoTexts] {
  const facts = {
    channelId: `channel-${n % 5_000}`,
    topics: [`topic-${n % 40}`],
    durationSeconds: n % 600,
    uploadedAtMs: 1.7e12 + n,
  };
  const texts = { title: `A title of a video, number ${n}`, thumbnailUrl: `https://images.example/${n}.jpg` };
  return [{ videoId: `video-${n}`, facts, availability: undefined, withdrawn: false }, texts];
}

function measure(make: () => Catalogue, { videos, lookups, seed }: CatalogueOptions): Figures {
  const random = createRandom(seed);
  const ids = Array.from({ length: lookups }, () => `video-${random.nextInt(videos)}`);
  // Twice: what the first collection finalises, the second frees.
  collectGarbage();
  collectGarbage();
  const before = process.memoryUsage();
  const catalogue = make();
  let longestSetMs = 0;
  const filledFrom = performance.now();
  for (let n = 0; n < videos; n++) {
    const from = performance.now();
    catalogue.set(...told(n));
    longestSetMs = Math.max(longestSetMs, performance.now() - from);
  }
  const fillSeconds = (performance.now() - filledFrom) / 1_000;
  const lookedFrom = performance.now();
  for (const id of ids) if (!catalogue.get(id)) throw new Error(`${id} is lost`);
  const lookupNs = ((performance.now() - lookedFrom) / lookups) * 1e6;
  collectGarbage();
  const collectedFrom = performance.now();
  collectGarbage();
  const collectionMs = performance.now() - collectedFrom;
  const after = process.memoryUsage();
  // Both are held until here: the ids are in both measurements of the heap.
  if (!catalogue.get(ids[0]!)) throw new Error(`${ids[0]} is lost`);
  const megabytes = (of: 'heapUsed' | 'arrayBuffers') => (after[of] - before[of]) / 1e6;
  return {
    ...{ fillSeconds, longestSetMs, lookupNs, collectionMs },
    ...{ heapMB: megabytes('heapUsed'), buffersMB: megabytes('arrayBuffers') },
  };
}

export async function benchCatalogue(options: CatalogueOptions): Promise<{ result: BenchReport; text: string }> {
  const figures = {
    'flat rows': measure(() => new VideoTable(), options),
    'map of objects': measure(() => new ObjectCatalogue(), options),
  };
  const lines = Object.entries(figures).map(
    ([name, { fillSeconds, longestSetMs, lookupNs, collectionMs, heapMB, buffersMB }]) =>
      `${name.padEnd(16)}filled in ${fillSeconds.toFixed(1)} s, longest ${longestSetMs.toFixed(1)} ms; lookup ${lookupNs.toFixed(0)} ns; ` +
      `a collection ${collectionMs.toFixed(0)} ms; heap ${heapMB.toFixed(0)} MB, beside it ${buffersMB.toFixed(0)} MB`,
  );
  return { result: report('catalogue', { ...options }, figures), text: lines.join('\n') };
}
