/**
 * KuaiRand (Gao et al., CIKM 2022): impressions of a short-video app with play time. The mapping stands in `MAPPING`,
 * which the command line prints.
 */
import type { Importer, LoadOptions } from '../importer';
import type { Staging } from '../staging/staging';
import { findFiles } from './files';
import { loadKuaiRand } from './load';

const MAPPING = `KuaiRand becomes events as follows. All editions (Pure, 1K, 27K) in their official layout, the logs in one file or in parts.
  video_features_basic   each row a VideoUpserted: video-ID, channel author-ID, topics tag-N, duration (none for picture
                         posts), uploaded at midnight in Beijing of upload_dt. The title is made of id and topics.
  user_features          each row a UserUpserted: user-ID, with an empty profile, since none is told. Dated just
                         before the first activity.
  log_standard_*         a page is one user and one date (the log's own column; there is no request id). Each tab of a
                         page is one ImpressionsServed with surface tab-N, its items in order of time; all lists of
                         a page are served at the page's first impression and stand before its watches, so that
                         what is known of the user is frozen for the page. Each row with is_click = 1 is a Watch at
                         its time_ms, joined to its impression, of play_time_ms but at most 600 s. A row with
                         is_click = 0 is an impression without a watch, whatever its play time.
  user_sequences         (not of the official edition; used where present) each element of watch_seq is a Watch from
                         elsewhere, ten minutes apart and the last at last_time_ms: in full (10 s of a picture post)
                         if long_watch_seq has it, matched in order from the end, else 20% of it but at most 5 s,
                         which is no completed watch. What long_watch_seq has beyond the 50 watches of watch_seq
                         comes before them. A few users' sequences overlap the first hours of the log.
  log_random_*, video_features_statistic_*   not used.
Order: catalogue, users, then activity by time; at one moment lists before watches. Ids follow from file and line.`;

export class KuaiRandImporter implements Importer {
  readonly name = 'kuairand';
  readonly hasImpressions = true;

  describeMapping(): string {
    return MAPPING;
  }

  async files(path: string): Promise<string[]> {
    const { users, videos, logs, sequences } = await findFiles(path);
    return [users, videos, ...logs.map((log) => log.path), ...(sequences === undefined ? [] : [sequences])];
  }

  async load(path: string, staging: Staging, options: LoadOptions): Promise<void> {
    await loadKuaiRand(await findFiles(path), staging, options);
  }
}
