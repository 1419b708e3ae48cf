import type { RankingExample } from '@watchnext/features';
import type { StatisticsAt } from './example-numbers';
import type { EncodedUser, RankingModel } from './ranking-model';

/** Writes the input rows of examples. A list's impressions stand side by side and share their user, which is encoded once for all of them. */
export class ExampleRows {
  private lastUser: RankingExample['user'] | undefined;
  private encodedUser: EncodedUser | undefined;

  constructor(
    private readonly model: RankingModel,
    private readonly statisticsAt: StatisticsAt,
  ) {}

  /** @param position where it is taken to have been shown. @param out [rows, inputSize] */
  write({ user, video, servedAtMs }: RankingExample, position: number, out: Float32Array, row: number): void {
    const { model } = this;
    if (!this.encodedUser || user !== this.lastUser) this.encodedUser = model.encodeUser(user);
    this.lastUser = user;
    model.writeInput(this.encodedUser, video, this.statisticsAt(servedAtMs), out, row * model.inputSize, position);
  }
}
