import { NotFoundException, type ArgumentsHost } from '@nestjs/common';
import { LogUnavailableError } from '@watchnext/event-log';
import { createLogger } from './logger';
import { ApiError, ApiErrorFilter } from './api-error';

const quiet = createLogger('spec', { level: 'silent', format: 'json' });

function answerTo(error: unknown, filter = new ApiErrorFilter(quiet)) {
  const answer = { status: 0, headers: {} as Record<string, unknown>, body: undefined as unknown };
  const reply = {
    header: (name: string, value: unknown) => ((answer.headers[name] = value), reply),
    status: (status: number) => ((answer.status = status), reply),
    send: (body: unknown) => ((answer.body = body), reply),
  };
  filter.catch(error, {
    switchToHttp: () => ({
      getRequest: () => ({
        url: '/v1/users/ada/history?cursor=secret',
        routeOptions: { url: '/v1/users/:id/history' },
        raw: {},
        headers: { 'x-request-id': 'r-1' },
      }),
      getResponse: () => reply,
    }),
  } as unknown as ArgumentsHost);
  return answer;
}

describe('ApiErrorFilter', () => {
  it('asks to send again what could not be stored for now', () => {
    const error = new LogUnavailableError('no space left on /secret/path', { cause: new Error('ENOSPC') });
    expect(answerTo(error)).toEqual({
      status: 503,
      headers: { 'retry-after': 1, 'cache-control': 'no-store', 'x-request-id': 'r-1' },
      body: {
        error: {
          code: 'unavailable',
          message: 'a store behind this service does not answer; send the request again',
          requestId: 'r-1',
        },
      },
    });
  });

  it('names the field where there is one', () => {
    expect(answerTo(new ApiError(400, 'malformed', 'no list', 'events')).body).toEqual({
      error: { code: 'malformed', message: 'no list', field: 'events', requestId: 'r-1' },
    });
  });

  it('logs what is a fault of ours under the id of the request and its route, and not who it was about', () => {
    const logged = jest.spyOn(quiet, 'error');
    answerTo(new ApiError(429, 'overloaded', 'too many'));
    answerTo(new TypeError('secret'));
    expect(logged.mock.calls).toEqual([
      [{ requestId: 'r-1', err: expect.any(TypeError), route: '/v1/users/:id/history' }, 'could not answer'],
    ]);
    logged.mockRestore();
  });

  it('logs ten a second of what is down, how many there were besides, and every bug', () => {
    jest.useFakeTimers();
    const logged = jest.spyOn(quiet, 'error');
    const linesOf = () => logged.mock.calls.map(([facts]) => facts as { err?: Error; leftOut?: number });
    const filter = new ApiErrorFilter(quiet);
    for (let asked = 0; asked < 50; asked++) {
      answerTo(new LogUnavailableError('no space left'), filter);
      answerTo(new ApiError(502, 'collector-unreachable', 'the collector does not answer'), filter);
      answerTo(new TypeError('bug'), filter);
    }
    expect(linesOf().filter(({ err }) => err instanceof TypeError).length).toBe(50);
    expect(linesOf().length).toBe(60);
    jest.advanceTimersByTime(1_000);
    expect(linesOf().slice(60)).toEqual([{ leftOut: 90 }]);
    logged.mockRestore();
    jest.useRealTimers();
  });

  it('keeps the status of what the framework refuses, and the details of a bug to the log', () => {
    expect(answerTo(new NotFoundException('Cannot GET /x'))).toMatchObject({
      status: 404,
      body: { error: { code: 'not-found' } },
    });
    expect(answerTo(new TypeError('secret'))).toMatchObject({ status: 500, body: { error: { code: 'internal' } } });
    expect(JSON.stringify(answerTo(new TypeError('secret')))).not.toContain('secret');
  });
});
