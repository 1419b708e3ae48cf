/**
 * A materialiser asks for a partition's mark when it takes it, and not again before it has something to write: beside one that waits for
 * events, states that are thrown away or were lost would stay behind, and a rebuild that waits for them would wait until somebody comes.
 */
import { TOPICS } from '@watchnext/contract';
import type { EventLog } from '@watchnext/event-log';

/** Who folds the activity topic, in all of ingestion. */
export const MATERIALISERS = { topic: TOPICS.activity, groupId: 'materialise' } as const;

/** The message says whom to stop. */
export class MaterialisersAtWorkError extends Error {
  constructor(members: readonly string[]) {
    super(
      `materialisers are at work (${members.join(', ')}): stop them first, as they would not notice that their states were replaced. ` +
        'One that was killed still counts for some seconds: then start this again',
    );
    this.name = 'MaterialisersAtWorkError';
  }
}

/** @throws MaterialisersAtWorkError */
export async function requireNobodyMaterialises(log: EventLog): Promise<void> {
  const members = await log.groupMembers(MATERIALISERS);
  if (members.length > 0) throw new MaterialisersAtWorkError(members);
}
