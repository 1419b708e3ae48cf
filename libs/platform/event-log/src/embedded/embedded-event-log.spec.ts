import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openEmbeddedEventLog } from './embedded-event-log';

/** What both drivers must do is in the conformance suite (libs/testing). */
describe('an embedded log that is closed', () => {
  let directory: string;
  beforeEach(() => (directory = mkdtempSync(join(tmpdir(), 'watchnext-embedded-event-log-'))));
  afterEach(() => rmSync(directory, { recursive: true }));

  it('leaves no member behind that was about to join a group', async () => {
    const log = openEmbeddedEventLog(directory);
    await log.ensureTopics([{ name: 't.v1', partitionCount: 2 }]);
    const errors: Error[] = [];
    const joining = log.joinGroup(
      { topic: 't.v1', groupId: 'g' },
      {
        resumeOffset: async () => 0,
        onBatch: async () => undefined,
        onError: (error) => errors.push(error),
      },
    );
    await log.close();
    expect((await joining).assignedPartitions()).toEqual([]);
    expect(errors).toEqual([]);
  });
});
