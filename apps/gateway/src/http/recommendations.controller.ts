import { Controller, Get, Head, Headers, Inject, Param, Query, Res } from '@nestjs/common';
import { ApiExcludeEndpoint, ApiHeader } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import type { FeatureValue } from '@watchnext/contract';
import { type CursorBinding, CursorError, decodeCursor } from '../cursor';
import type { RecommendationRequest } from '../pipeline/draft';
import { rungName } from '../pipeline/ladder';
import { Catalogue } from '../sources/catalogue';
import { Recommender, type Recommendations } from '../recommend';
import { ApiError, nameRequest, REQUEST_ID_HEADER } from '@watchnext/service';
import { callersDeadlineMs, DEADLINE_HEADER, goneSignal, LEAST_DEADLINE_MS, whereCallerGone } from './caller';
import { CONSOLE_ERRORS, Documented, NOT_READY } from './documented';
import { Door } from './door';
import { parse, parseProxyHeader } from './parse';
import { SERVER_TIMING_HEADER, serverTiming } from './server-timing';
import { recommendationsAnswer, type RecommendationsAnswer, recommendationsQuery, userIdPath } from './schemas';
import { CLOCK, type Clock, REQUEST_IDS, type RequestIds, SETTINGS } from '../tokens';
import type { GatewaySettings } from '../config';

/** Of a proxy before the gateway, which knows them by the connection. */
const COUNTRY_HEADER = 'x-country';
const DEVICE_HEADER = 'x-device';

@Controller('v1/users')
export class RecommendationsController {
  constructor(
    @Inject(Recommender) private readonly recommender: Recommender,
    @Inject(Catalogue) private readonly catalogue: Catalogue,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(REQUEST_IDS) private readonly newRequestId: RequestIds,
    @Inject(SETTINGS) private readonly settings: GatewaySettings,
    @Inject(Door) private readonly door: Door,
  ) {}

  /** Fastify answers HEAD by GET, which would log a list that nobody sees. Before GET: one declared after it comes too late. */
  @Head(':id/recommendations')
  @ApiExcludeEndpoint()
  refuseHead(@Res({ passthrough: true }) reply: FastifyReply): never {
    void reply.header('allow', 'GET');
    throw new ApiError(405, 'method-not-allowed', 'a list that is made is logged as served: ask for it by GET');
  }

  @Get(':id/recommendations')
  @Documented({
    summary: 'Videos for a user, by expected watch time',
    description: 'Answers within the deadline whatever is down; rung and rungReason say how.',
    path: userIdPath,
    query: recommendationsQuery,
    answer: recommendationsAnswer,
    errors: {
      400: 'A parameter is not valid; field names it.',
      401: `With explain=true or preview=true: ${CONSOLE_ERRORS[401]}`,
      403: `With explain=true or preview=true: ${CONSOLE_ERRORS[403]}`,
      410: 'The cursor has expired.',
      429: 'More requests than can be answered in time: send it again after Retry-After seconds.',
      503: NOT_READY,
    },
  })
  @ApiHeader({
    name: DEADLINE_HEADER,
    required: false,
    description: `How long the caller waits, in milliseconds, ${LEAST_DEADLINE_MS} or more; the gateway's own deadline bounds it.`,
  })
  @ApiHeader({
    name: REQUEST_ID_HEADER,
    required: false,
    description:
      'What the request goes by in logs and in the answer: 1 to 64 of A to Z, a to z, 0 to 9, _ and -; else the id of the list.',
  })
  @ApiHeader({
    name: COUNTRY_HEADER,
    required: false,
    description: 'Where the query names no country: two letters (ISO 3166-1). What is none is ignored with a warning.',
  })
  @ApiHeader({
    name: DEVICE_HEADER,
    required: false,
    description: 'Where the query names no device: at most 64 characters. What is none is ignored with a warning.',
  })
  async recommend(
    @Param() path: unknown,
    @Query() query: Record<string, unknown>,
    @Headers() headers: Record<string, string | undefined>,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<RecommendationsAnswer> {
    const deadlineMs = callersDeadlineMs(headers);
    const work = (waitedMs: number) => this.answer(path, query, headers, { deadlineMs, waitedMs }, reply);
    return this.door.through(work, deadlineMs, ({ isWhole }) => isWhole).then(({ answer }) => answer, whereCallerGone);
  }

  private async answer(
    path: unknown,
    query: Record<string, unknown>,
    headers: Record<string, string | undefined>,
    { deadlineMs, waitedMs }: { deadlineMs: number | undefined; waitedMs: number },
    reply: FastifyReply,
  ): Promise<{ answer: RecommendationsAnswer; isWhole: boolean }> {
    const callerGone = goneSignal(reply);
    const { id: userId } = parse(userIdPath, path, 'userId');
    const { limit, surface, seed, cursor, explain, preview, ...said } = parse(recommendationsQuery, query);
    const warnings: string[] = [];
    const { shape } = recommendationsQuery;
    const country = said.country ?? parseProxyHeader(shape.country, headers, COUNTRY_HEADER, warnings);
    const device = said.device ?? parseProxyHeader(shape.device, headers, DEVICE_HEADER, warnings);
    const requestedAtMs = this.clock();
    const binding = { userId, surface, seedVideoId: seed ?? '' };
    const shown = cursor === undefined ? new Set<number>() : readCursor(cursor, binding, requestedAtMs);
    const requestId = this.newRequestId(requestedAtMs);
    const request = {
      ...binding,
      requestId,
      callId: nameRequest(reply.request, requestId),
      requestedAtMs,
      limit,
      country: country?.toUpperCase() ?? '',
      device: device ?? '',
      explain: explain === 'true',
      preview: preview === 'true',
      overrides: this.settings.WATCHNEXT_EXPERIMENT_OVERRIDES
        ? parseOverrides(headers['x-watchnext-experiments'])
        : new Map<string, string>(),
      callersDeadlineMs: deadlineMs,
      waitedMs,
      shown,
    };
    const recommendations = await this.recommender.recommend(request, callerGone);
    void reply.header(SERVER_TIMING_HEADER, serverTiming(recommendations.stages, waitedMs));
    const made = { ...recommendations, warnings: [...warnings, ...recommendations.warnings] };
    return { answer: toAnswer(request, made, this.catalogue), isWhole: made.isWhole };
  }
}

function readCursor(text: string, binding: CursorBinding, nowMs: number): Set<number> {
  try {
    return decodeCursor(text, binding, nowMs);
  } catch (error) {
    if (!(error instanceof CursorError)) throw error;
    throw new ApiError(error.code === 'cursor-expired' ? 410 : 400, error.code, error.message, 'cursor');
  }
}

function toAnswer(
  { userId, requestId, explain, preview }: RecommendationRequest,
  made: Recommendations,
  catalogue: Catalogue,
): RecommendationsAnswer {
  return {
    userId,
    requestId,
    ...(preview ? { preview } : {}),
    snapshotId: made.snapshotId,
    rung: rungName(made.rung),
    ...(made.rungReason ? { rungReason: made.rungReason } : {}),
    mark: made.mark,
    ...(made.assignments.length > 0 ? { experiments: made.assignments.map(assignmentOf) } : {}),
    ...(made.warnings.length > 0 ? { warnings: [...made.warnings] } : {}),
    items: made.items.map((item) => ({
      videoId: item.videoId,
      ...catalogue.textsOf(item.videoId),
      ...item.video.facts,
      impressionId: item.impressionId,
      position: item.position,
      ...(item.team === undefined ? {} : { team: item.team }),
      source: item.sources[0]!.source,
      sourceScore: item.sources[0]!.score,
      ...(item.score === undefined ? {} : { score: item.score }),
      ...(explain ? { explain: explanationOf(item) } : {}),
    })),
    ...(made.nextCursor === undefined ? {} : { nextCursor: made.nextCursor }),
  };
}

function assignmentOf({ experiment, variant, overridden }: Recommendations['assignments'][number]) {
  const isOfBoth = experiment.design === 'interleaved' && !overridden;
  return { experiment: experiment.name, ...(isOfBoth ? {} : { variant: variant.name }), overridden };
}

/** @throws ApiError for what is no "experiment=variant, …" */
export function parseOverrides(header: string | undefined): Map<string, string> {
  const overrides = new Map<string, string>();
  for (const part of (header ?? '').split(',')) {
    if (part.trim() === '') continue;
    const [, experiment, variant] = /^([a-z0-9-]{1,64})=([a-z0-9-]{1,64})$/.exec(part.trim()) ?? [];
    if (experiment === undefined || variant === undefined) {
      throw new ApiError(
        400,
        'invalid-argument',
        'must be "experiment=variant", several separated by commas',
        'x-watchnext-experiments',
      );
    }
    overrides.set(experiment, variant);
  }
  return overrides;
}

function explanationOf({ sources, score, propensity, rules, explanation }: Recommendations['items'][number]) {
  return {
    propensity,
    sources: [...sources],
    ...(score === undefined ? {} : { expectedWatchSeconds: score }),
    features: (explanation?.features ?? []).map(({ name, value }) => ({ name, value: plainValue(value) })),
    parts: (explanation?.parts ?? []).map(({ group, logitChange }) => ({ group, logitChange })),
    rules: [...rules],
  };
}

/** JSON has no NaN: where there is nothing to say, null. */
function plainValue(value: FeatureValue['value']): number | string | null {
  if (value === undefined) return null;
  return value.$case === 'number' && !Number.isFinite(value.value) ? null : value.value;
}
