import type { EventArchive } from '@watchnext/event-archive';
import { NothingToReplayError, replayArchive, type ReplayOptions } from '@watchnext/offline';
import { NothingToTrainError } from '../errors';
import { defineStage } from '../pipeline/stage';

/**
 * Replays the archive through the reducer that serves, user by user, and takes the examples of both models as it goes.
 * Of candidate examples all are kept: how many of a user's count is for each side of the split.
 *
 * @throws NothingToTrainError for an empty archive, ArchiveCorruptError naming a file that cannot be read
 */
export const replayStage = (archive: EventArchive, options: Omit<ReplayOptions, 'examplesPerUser'>) =>
  defineStage({
    name: 'replay the archive',
    needs: ['catalogue'],
    gives: ['replayed'],
    async run({ catalogue }, { progress, signal, note }) {
      try {
        const { replayed, counts } = await replayArchive(
          archive,
          catalogue,
          options,
          signal,
          (done, total, userCount) => progress.report(done, total, `${userCount} users`),
        );
        note({
          records: counts.recordCount,
          users: replayed.userCount,
          candidateExamples: replayed.candidateExamples.length,
          rankingExamples: replayed.rankingExamples.length,
          refused: counts.refusedCount,
          undecodable: counts.undecodableCount,
          misplaced: counts.misplacedCount,
        });
        return { replayed };
      } catch (error) {
        throw error instanceof NothingToReplayError ? new NothingToTrainError(error.message) : error;
      }
    },
  });
