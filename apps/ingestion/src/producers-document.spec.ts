import 'reflect-metadata';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { applyEvent, newState, refuse } from '@watchnext/features';
import { eventOf, impressionItemOf, impressionsServedOf, searchOf } from '@watchnext/testing';
import { EventsController } from './http/events.controller';

/** What docs/producers.md tells producers of any language. */
const section = readFileSync(join(__dirname, '../../../docs/producers.md'), 'utf8')
  .split(/^## /m)
  .find((text) => text.startsWith('Over HTTP, from any language')) as string;

describe('the document for producers', () => {
  it('tells what to do with every status that the collector answers', () => {
    const described: object = Reflect.getMetadata('swagger/apiResponse', EventsController.prototype.collect);
    const told = [...section.matchAll(/^\| (\d{3}) \|/gm)].map(([, status]) => status);
    expect(told).toEqual(Object.keys(described).toSorted());
  });

  it.each(['impressionsViewed', 'impressionId', 'playbackId', 'positionSeconds', 'userMerged', 'backfill'])(
    'names %s, which closes the loop that ranking learns from',
    (name) => expect(section).toContain(name),
  );

  it.each(['.', '..'])('warns of the user %s, whose events are taken and whose list has no address', (userId) => {
    const atMs = 1_790_000_000_000;
    expect(refuse(eventOf(searchOf(userId, 'cats'), atMs), atMs)).toBeUndefined();
    for (const part of [encodeURIComponent(userId), userId.replaceAll('.', '%2E')])
      expect(new URL(`http://gateway/v1/users/${part}/recommendations`).pathname).not.toMatch(/users\/[.%]/);
    expect(section).toMatch(/No user may be called `\.` or `\.\.`/);
  });

  it.each([
    [false, 1],
    [true, 2],
  ])('says whether sending again is safe, as it is for backfill = %s', (backfill, showings) => {
    const atMs = 1_790_000_000_000;
    const state = newState('anna');
    const served = eventOf(impressionsServedOf('anna', [impressionItemOf('v')]), atMs, { backfill });
    // A live event of days later would be refused for its age; a backfill's first part may be any time before.
    const between = eventOf(searchOf('anna', 'cats'), backfill ? atMs + 3 * 86_400_000 : atMs + 60_000);
    for (const event of [served, between, served]) applyEvent(state, event);
    expect(state.exposures.map(({ impressionCount }) => impressionCount)).toEqual([showings]);
    const description: string = Reflect.getMetadata(
      'swagger/apiOperation',
      EventsController.prototype.collect,
    ).description;
    for (const text of [description, section]) expect(text).toMatch(/live events? .*counts? once by (its|their) id/);
    expect(description).toContain('backfill');
    expect(section).toContain('sent again later counts twice');
  });
});
