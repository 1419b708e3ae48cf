import { closeSync, existsSync, mkdirSync, openSync, renameSync, rmSync, statSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { startTask } from '@watchnext/command-line';
import { breathe } from '@watchnext/waiting';
import { IdealLearner } from '../ideal-learner/ideal-learner';
import { impressionScores } from '../impression-scores';
import type { WorldOptions } from '../parameters';
import { videoId, World } from '../world';

export interface ScoresCommand {
  readonly world: WorldOptions;
  /** What was served before is left out; undefined: nothing is. */
  readonly fromMs: number | undefined;
  readonly file: string;
  /** Every so-manieth viewer. */
  readonly stride: number;
  /** Of the ideal learner, for each page; undefined: the truth's scores. */
  readonly learnerRounds: number | undefined;
}

/** As `evaluate ranking --peer-scores` reads them: each score is a column that it can order by. */
const COLUMNS = [
  'user_id',
  'video_id',
  'is_click',
  'watch_seconds',
  'score',
  'odds',
  'least_loss',
  'impression_id',
  'time_ms',
  'position',
  'is_viewed',
];
const LEARNER_SEED = 1;
const REPORT_EVERY_VIEWERS = 50;
const BUFFER_CHARACTERS = 1 << 20;

/**
 * Writes the truth's scores of the impressions of the history, a row for each: there as a whole or not at all.
 *
 * @returns the number of impressions
 * @throws Error naming --from where nothing was served since, --out where it cannot be written
 */
export async function writeScores(command: ScoresCommand, signal: AbortSignal): Promise<number> {
  const { world: options, fromMs, file, stride, learnerRounds } = command;
  if (fromMs !== undefined && fromMs >= options.endMs)
    throw new Error(`--from: the history ends at ${new Date(options.endMs).toISOString()}, nothing was served since`);
  if (existsSync(file) && statSync(file).isDirectory()) throw new Error(`--out: ${file} is a folder`);
  const unfinished = `${file}.unfinished-${process.pid}`;
  const out = writing(file, () => {
    mkdirSync(dirname(file), { recursive: true });
    return openSync(unfinished, 'w');
  });
  const task = startTask(learnerRounds === undefined ? 'Asking the truth' : 'Learning from the log', 'viewers');
  let isOpen = true;
  try {
    const world = new World(options);
    let text = `${COLUMNS.join(',')}\n`;
    let [viewers, impressions] = [0, 0];
    const flush = () => writing(file, () => writeWhole(out, text));
    const viewerCount = Math.ceil(world.population.count / stride);
    const learner =
      learnerRounds === undefined ? undefined : new IdealLearner(world, { rounds: learnerRounds, seed: LEARNER_SEED });
    for (const ofViewer of impressionScores(world, { fromMs, stride, learner })) {
      for (const one of ofViewer) {
        const { userId, videoIndex, clicked, watchSeconds, impressionId, servedAtMs, position, viewed } = one;
        const scores = `${one.expectedSeconds},${one.odds},${one.leastLossOdds}`;
        text += `${userId},${videoId(videoIndex)},${clicked ? 1 : 0},${watchSeconds},${scores},${impressionId},${servedAtMs},${position},${viewed ? 1 : 0}\n`;
      }
      impressions += ofViewer.length;
      if (text.length > BUFFER_CHARACTERS) {
        flush();
        text = '';
      }
      if (++viewers % (learner ? 1 : REPORT_EVERY_VIEWERS) > 0 && viewers < viewerCount) continue;
      task.update(viewers, viewerCount, `${impressions.toLocaleString('en-US')} impressions`);
      await breathe(signal);
    }
    flush();
    closeSync(out);
    isOpen = false;
    writing(file, () => renameSync(unfinished, file));
    task.finish();
    process.stdout.write(`${impressions.toLocaleString('en-US')} impressions, written to ${file}\n`);
    return impressions;
  } catch (error) {
    task.abandon();
    if (isOpen) closeSync(out);
    rmSync(unfinished, { force: true });
    throw error;
  }
}

/** A write may take less than it is given. */
function writeWhole(out: number, text: string): void {
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length;) at += writeSync(out, bytes, at);
}

function writing<Result>(file: string, work: () => Result): Result {
  try {
    return work();
  } catch (cause) {
    throw new Error(`--out: ${file} cannot be written`, { cause });
  }
}
