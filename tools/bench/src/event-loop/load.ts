import { credentials, Metadata, type ServiceError } from '@grpc/grpc-js';
import { type RankRequest, RankingServiceClient, RetrievalServiceClient } from '@watchnext/contract';
import { SteadyPace } from '@watchnext/end-to-end';

/** A request that is not answered by then has failed. */
const GIVE_UP_MS = 30_000;

export interface LoadOptions {
  /** Requests a second, to each. */
  readonly rate: number;
  readonly candidates: number;
  readonly seed: number;
}

/** Requests at a steady rate to both services, as a gateway sends them. */
export class Load {
  /** To each of the two. */
  sent = 0;
  failures = 0;
  private readonly pace: SteadyPace;
  private readonly retrieval: RetrievalServiceClient;
  private readonly ranking: RankingServiceClient;

  constructor(
    ports: { readonly retrieval: number; readonly ranking: number },
    request: (seed: number, candidates: number) => RankRequest,
    { rate, candidates, seed }: LoadOptions,
  ) {
    const insecure = credentials.createInsecure();
    this.retrieval = new RetrievalServiceClient(`127.0.0.1:${ports.retrieval}`, insecure);
    this.ranking = new RankingServiceClient(`127.0.0.1:${ports.ranking}`, insecure);
    const requests = Array.from({ length: 16 }, (_, i) => request(seed + i, candidates));
    this.pace = new SteadyPace(rate, async (_, index) => {
      this.sent++;
      const asked = requests[index % requests.length]!;
      const { state, context } = asked;
      const wanted = { state, context, candidateCount: candidates, excludeVideoIds: [], snapshotId: '' };
      const options = { deadline: Date.now() + GIVE_UP_MS };
      await Promise.all([
        this.answered((done) => this.ranking.rank(asked, new Metadata(), options, done)),
        this.answered((done) => this.retrieval.retrieve(wanted, new Metadata(), options, done)),
      ]);
    });
    this.pace.start();
  }

  /** Sends no more; resolves once all is answered or given up. */
  async stop(): Promise<void> {
    await this.pace.stop();
    this.retrieval.close();
    this.ranking.close();
  }

  private answered(call: (done: (error: ServiceError | null) => void) => unknown): Promise<void> {
    return new Promise((resolve) => {
      call((error) => {
        if (error) this.failures++;
        resolve();
      });
    });
  }
}
