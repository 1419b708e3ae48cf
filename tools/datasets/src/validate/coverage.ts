import { isCompleted } from '@watchnext/features';
import { count } from '../read/words';
import type { Check, LogFacts, UserLog } from './check';
import { type Finding, judge, percent, share } from './finding';

const FEWEST_OF_A_USER = 2;
const FEWEST_OF_A_VIDEO = 5;

/** Users and videos with too little to learn from. */
export class CoverageCheck implements Check {
  private userCount = 0;
  private poorUsers = 0;
  private completedCount = 0;
  private readonly watchesOf = new Map<string, number>();
  private readonly unknown = new Set<string>();

  constructor(private readonly facts: LogFacts) {}

  see({ playbacks }: UserLog): void {
    let completed = 0;
    for (const { videoId, positionSeconds: watchSeconds, durationSeconds: ownSeconds } of playbacks) {
      this.watchesOf.set(videoId, (this.watchesOf.get(videoId) ?? 0) + 1);
      const known = this.facts.catalogue.get(videoId);
      if (known === undefined) this.unknown.add(videoId);
      const durationSeconds = ownSeconds || (known?.durationSeconds ?? 0);
      if (isCompleted({ watchSeconds, durationSeconds })) completed += 1;
    }
    this.userCount += 1;
    this.completedCount += completed;
    if (completed < FEWEST_OF_A_USER) this.poorUsers += 1;
  }

  findings(): Finding[] {
    const poorUsers = share(this.poorUsers, this.userCount);
    const usableUsers = this.userCount - this.poorUsers;
    const videoCount = this.watchesOf.size;
    let poor = 0;
    for (const watchCount of this.watchesOf.values()) if (watchCount < FEWEST_OF_A_VIDEO) poor += 1;
    const poorVideos = share(poor, videoCount);
    const unknown = share(this.unknown.size, videoCount);
    return [
      {
        check: 'users',
        verdict: usableUsers < 2 || this.completedCount === 0 ? 'failure' : judge(poorUsers, 0.7, 1),
        found: `${percent(poorUsers)} of ${count(this.userCount)} users have fewer than ${FEWEST_OF_A_USER} completed watches; ${count(usableUsers)} have enough`,
        advice:
          usableUsers < 2
            ? 'There is nobody to learn a sequence from: is the user id really the user’s, not one of each session or event?'
            : poorUsers > 0.7
              ? 'Most users will be served popular and fresh videos. Is the user id stable over sessions?'
              : '',
        numbers: { users: this.userCount, poorShare: poorUsers, completedWatches: this.completedCount },
      },
      {
        check: 'videos',
        verdict: videoCount < 2 ? 'failure' : judge(poorVideos, 0.9, 1),
        found: `${percent(poorVideos)} of ${count(videoCount)} watched videos have fewer than ${FEWEST_OF_A_VIDEO} watches`,
        advice:
          poorVideos > 0.9
            ? 'Little can be learned of most videos: collect longer, or are video ids those of uploads rather than of videos?'
            : videoCount < 2
              ? 'A recommender needs more than one video.'
              : '',
        numbers: { videos: videoCount, poorShare: poorVideos },
      },
      {
        check: 'catalogue',
        verdict: judge(unknown, 0.02, 0.5),
        found: `${percent(unknown)} of the watched videos are not in the catalogue`,
        advice: unknown > 0.02 ? 'Only videos of the catalogue are served: send videoUpserted for them.' : '',
        numbers: { unknownShare: unknown },
      },
    ];
  }
}
