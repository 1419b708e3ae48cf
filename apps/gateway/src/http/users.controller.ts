import { Controller, Get, Inject, Param, Query } from '@nestjs/common';
import { UserStates } from '../clients/user-states';
import { DependencyError } from '../pipeline/failure';
import { Catalogue } from '../sources/catalogue';
import { ApiError } from '@watchnext/service';
import { Documented } from './documented';
import { parse } from './parse';
import { type HistoryAnswer, historyAnswer, listQuery, type UsersAnswer, userIdPath, usersAnswer } from './schemas';

@Controller('v1/users')
export class UsersController {
  constructor(
    @Inject(UserStates) private readonly states: UserStates,
    @Inject(Catalogue) private readonly catalogue: Catalogue,
  ) {}

  @Get()
  @Documented({
    summary: 'Some users, those with the most watches first',
    query: listQuery,
    answer: usersAnswer,
    errors: { 400: 'limit is not valid.', 503: 'The feature store does not answer.' },
  })
  async list(@Query() query: unknown): Promise<UsersAnswer> {
    const { limit } = parse(listQuery, query);
    return { users: await orUnavailable(this.states.list(limit)) };
  }

  @Get(':id/history')
  @Documented({
    summary: 'What is known of a user, newest first',
    description: 'Videos that were withdrawn are left out; watchCount still counts them.',
    path: userIdPath,
    answer: historyAnswer,
    errors: { 400: 'The user id is not valid.', 503: 'The feature store does not answer.' },
  })
  async history(@Param() path: unknown): Promise<HistoryAnswer> {
    const { id: userId } = parse(userIdPath, path, 'userId');
    const { state, mark, isKnown } = await orUnavailable(this.states.read(userId));
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
          const video = this.catalogue.get(videoId);
          const title = video?.title ?? '';
          const { channelId = '', topics = [] } = video?.facts ?? {};
          return { videoId, title, channelId, topics, startedAtMs, watchSeconds, durationSeconds };
        }),
      searches: state.searches.toReversed().map(({ tokens, searchedAtMs }) => ({ tokens, searchedAtMs })),
      dismissedVideoIds: state.dismissals.filter(mayBeShown).map(({ videoId }) => videoId),
    };
  }
}

async function orUnavailable<T>(reading: Promise<T>): Promise<T> {
  try {
    return await reading;
  } catch (error) {
    if (!(error instanceof DependencyError)) throw error;
    throw new ApiError(503, 'feature-store-unavailable', 'what is known of users cannot be read now', undefined, {
      cause: error,
    });
  }
}
