import { join } from 'node:path';
import { z } from 'zod';
import { APPS, ROOT } from './sources';
import { fill, madeDocuments } from './documents';
import { metricsOf, routesOf, rpcsOf } from './interface';
import { describeShape, ownSettings } from './settings';

describe('documents made from code', () => {
  it.each(madeDocuments().map((each) => [each.path, each] as const))('%s says what the code says', (_path, made) => {
    expect(made.found).toBe(made.wanted);
  });

  it('find settings with their comments, values and defaults in every app', () => {
    for (const app of APPS) expect([app, ownSettings(app).length]).not.toEqual([app, 0]);
    expect(ownSettings('retrieval')).toContainEqual({
      name: 'WATCHNEXT_SEARCH_QUEUE',
      values: 'whole number of 1 or more',
      defaultValue: '64',
      what: expect.stringContaining('wait for a search thread'),
    });
    expect(ownSettings('gateway')).toContainEqual({
      name: 'WATCHNEXT_EXPERIMENT_OVERRIDES',
      values: '`true`, `false`',
      defaultValue: 'false',
      what: expect.stringContaining('x-watchnext-experiments'),
    });
  });

  it('refuse a setting that nothing is said of', () => {
    const shape = { WATCHNEXT_NOT_TOLD: z.string(), WATCHNEXT_LOG_LEVEL: z.string() };
    const folder = join(ROOT, 'libs', 'platform', 'config', 'src');
    expect(() => describeShape(shape, [folder])).toThrow('a comment is needed above WATCHNEXT_NOT_TOLD: it is');
  });

  it('find routes, calls and metrics', () => {
    expect(routesOf('gateway')).toContainEqual({
      method: 'GET',
      path: '/v1/users/:id/recommendations',
      what: 'Videos for a user, by expected watch time',
    });
    expect(rpcsOf('ranking')).toEqual([
      {
        service: 'watchnext.ranking.v1.RankingService',
        name: 'Rank',
        what: 'Scores every candidate, in the order given.',
      },
    ]);
    expect(metricsOf('retrieval')).toContainEqual({
      name: 'watchnext_retrieval_pending_searches',
      kind: 'gauge',
      what: 'Searches that wait for a thread or run on one.',
    });
  });

  it('leave what people wrote as it is, and name what is missing or unknown', () => {
    const text = 'before <!-- made: a -->old<!-- end --> after';
    expect(fill('x.md', text, { a: () => 'new' })).toBe('before <!-- made: a -->\n\nnew\n\n<!-- end --> after');
    expect(() => fill('x.md', text, {})).toThrow('x.md: nothing makes the part "a"');
    expect(() => fill('x.md', text, { a: () => '', b: () => '' })).toThrow('x.md lacks the part "b"');
  });
});
