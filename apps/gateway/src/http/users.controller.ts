import { Controller, Get, Headers, Inject, Param, Query, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { UserStates } from '../clients/user-states';
import { runStages, type Stage, type StageLimits } from '../pipeline/executor';
import { DependencyError } from '../pipeline/failure';
import { Catalogue } from '../sources/catalogue';
import type { GatewaySettings } from '../config';
import { SETTINGS } from '../tokens';
import { ApiError } from '@watchnext/service';
import { callersDeadlineMs, goneSignal, whereCallerGone } from './caller';
import { CONSOLE_ERRORS, Documented, NOT_READY } from './documented';
import { parse } from './parse';
import { type HistoryAnswer, historyAnswer, listQuery, type UsersAnswer, userIdPath, usersAnswer } from './schemas';

/** A person waits for these, and `list` asks every partition: they may take so long where a list of videos may not. */
const LEAST_DEADLINE_MS = 2_000;
const UNAVAILABLE = `The feature store does not answer. Or: ${NOT_READY}`;

type HeaderValues = Record<string, string | undefined>;

@Controller('v1/users')
export class UsersController {
  constructor(
    @Inject(UserStates) private readonly states: UserStates,
    @Inject(Catalogue) private readonly catalogue: Catalogue,
    @Inject(SETTINGS) private readonly settings: GatewaySettings,
  ) {}

  @Get()
  @Documented({
    summary: 'Some users, those with the most watches first',
    query: listQuery,
    answer: usersAnswer,
    errors: { ...CONSOLE_ERRORS, 400: 'limit is not valid.', 503: UNAVAILABLE },
  })
  async list(
    @Query() query: unknown,
    @Headers() headers: HeaderValues,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<UsersAnswer> {
    const { limit } = parse(listQuery, query);
    return { users: await this.fromStore((limits) => this.states.list(limit, limits), headers, reply) };
  }

  @Get(':id/history')
  @Documented({
    summary: 'What is known of a user, newest first',
    description: 'Videos that were withdrawn are left out; watchCount still counts them.',
    path: userIdPath,
    answer: historyAnswer,
    errors: { ...CONSOLE_ERRORS, 400: 'The user id is not valid.', 503: UNAVAILABLE },
  })
  async history(
    @Param() path: unknown,
    @Headers() headers: HeaderValues,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<HistoryAnswer> {
    const { id: userId } = parse(userIdPath, path, 'userId');
    const { state, mark, isKnown } = await this.fromStore((limits) => this.states.read(userId, limits), headers, reply);
    const mayBeShown = ({ videoId }: { videoId: string }) => !this.catalogue.get(videoId)?.withdrawn;
    return {
      userId,
      known: isKnown,
      watchCount: state.watchCount,
      mark,
      watches: state.watches
        .filter(mayBeShown)
        .reverse()
        .map(({ videoId, startedAtMs, watchSeconds, durationSeconds }) => {
          const { title } = this.catalogue.textsOf(videoId);
          const { channelId = '', topics = [] } = this.catalogue.get(videoId)?.facts ?? {};
          return { videoId, title, channelId, topics, startedAtMs, watchSeconds, durationSeconds };
        }),
      searches: state.searches.toReversed().map(({ tokens, searchedAtMs }) => ({ tokens, searchedAtMs })),
      dismissedVideoIds: state.dismissals.filter(mayBeShown).map(({ videoId }) => videoId),
    };
  }

  /** @throws ApiError 503 where the store does not answer in time, or is not to be asked now */
  private async fromStore<T>(
    read: (limits: StageLimits) => Promise<T>,
    headers: HeaderValues,
    reply: FastifyReply,
  ): Promise<T> {
    const ownMs = Math.max(LEAST_DEADLINE_MS, this.settings.WATCHNEXT_DEADLINE_MS);
    const deadlineMs = Math.min(ownMs, callersDeadlineMs(headers) ?? ownMs);
    const stage: Stage<{ readonly found?: T }> = {
      name: 'feature store',
      timeShare: 1,
      run: async (_, limits) => ({ patch: { found: await read(limits) } }),
    };
    // As if in a hurry: a list that is late because it asks for so much must not close the store to everyone else.
    const limits = { deadlineAtMs: Date.now() + deadlineMs, signal: goneSignal(reply), isHurried: true };
    const { found } = await runStages([stage], {}, limits, () => undefined).catch(orUnavailable);
    return found as T;
  }
}

function orUnavailable(error: unknown): never {
  if (!(error instanceof DependencyError)) return whereCallerGone(error);
  throw new ApiError(503, 'feature-store-unavailable', 'what is known of users cannot be read now', undefined, {
    cause: error,
  });
}
