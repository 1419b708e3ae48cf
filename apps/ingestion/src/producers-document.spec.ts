import 'reflect-metadata';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { refuse, settleCountries } from '@watchnext/features';
import { readEventJson } from './collect/event-json';
import { EventsController } from './http/events.controller';

/** What docs/producers.md tells producers of any language. */
const section = readFileSync(join(__dirname, '../../../docs/producers.md'), 'utf8')
  .split(/^## /m)
  .find((text) => text.startsWith('Over HTTP, from any language')) as string;

describe('the document for producers', () => {
  it('shows batches that the collector takes', () => {
    const batches = [...section.matchAll(/```json\n([\s\S]*?)```/g)]
      .map(([, text]) => JSON.parse(text) as { events?: { occurredAtMs: number }[] })
      .flatMap(({ events }) => (events === undefined ? [] : [events]));
    expect(batches).not.toEqual([]);
    for (const raw of batches.flat()) {
      const event = readEventJson(raw);
      expect(refuse(event, raw.occurredAtMs) ?? settleCountries(event)).toBeUndefined();
    }
  });

  it('tells what to do with every status that the collector answers', () => {
    const described: object = Reflect.getMetadata('swagger/apiResponse', EventsController.prototype.collect);
    const told = [...section.matchAll(/^\| (\d{3}) \|/gm)].map(([, status]) => status);
    expect(told).toEqual(Object.keys(described).toSorted());
  });

  it.each(['impressionsViewed', 'impressionId', 'playbackId', 'positionSeconds', 'userMerged', 'backfill'])(
    'names %s, which closes the loop that ranking learns from',
    (name) => expect(section).toContain(name),
  );
});
